//! Lane `hops`, made: people write about who is what to whom in a small world, a paragraph each time, and are asked what
//! follows from several of these paragraphs.
//!
//! A world is a graph: persons, companies, schools, towns and rivers, with relations that lead from each to one other.
//! A question walks two to four of them (*chains*), asks whom two relations lead to (*joins*), or compares two years. What
//! makes it hard is what makes the real questions hard: only the beginning of a walk is named. Of what lies further
//! on, a question tells the kind, and sometimes what it is known for; many others are of that kind. Some walks end at
//! something that nobody ever wrote: then the right guidance is none.

use std::collections::{HashMap, HashSet};

use memhost_contract::{Actor, Source};
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::super::recorded::{attempt, said, step_of, task, unknown};
use super::super::{Episode, Lane, Matching, Question, Stage, Stream, Suite};
use super::evidence::talk::{FILLERS, MENTIONS, OPENINGS, TOPICS};
use super::{one_of, streams};

mod world;

use world::{Fact, Kind, Object, World};

/// As `memhost suite list` says it.
pub const SUMMARY: &str = "Generated (hops): questions whose answers follow from several paragraphs, some of them from none";

const WORLDS: [&str; 3] = ["coast", "hills", "plain"];
/// Questions of a world, by what they ask for.
const CHAINS: [(usize, usize); 3] = [(2, 17), (3, 6), (4, 3)];
const JOINS: usize = 5;
const COMPARISONS: usize = 9;
const UNANSWERABLE: usize = 5;
/// How often a question says what somebody or something is known for that it does not name.
const HINT: f64 = 0.75;
/// How often a paragraph names somebody or something that it is not about.
const MENTION: f64 = 0.25;
/// More sentences of a paragraph that tell nothing.
const AROUND: std::ops::RangeInclusive<usize> = 0..=2;
/// Paragraphs of a document.
const PARAGRAPHS: usize = 5;
/// How often another question is tried before a world is taken to have no more.
const TRIES: usize = 10_000;

/// The suite of a seed.
pub fn suite(seed: u64) -> Suite {
    Suite {
        name: "hops".into(),
        lane: Lane::Hops,
        summary: SUMMARY.into(),
        left_out: Vec::new(),
        streams: streams(seed, WORLDS, stream),
        budgets: vec![128, 256, 512, 4096],
        primary: "pieces@256".into(),
    }
}

/// Something to be asked.
struct Asked {
    text: String,
    /// Places of the facts that the answer follows from.
    facts: Vec<usize>,
    answer: String,
    /// What is named in it first.
    about: usize,
}

fn stream(name: &str, bits: &mut ChaCha8Rng) -> Stream {
    let world = World::new(bits);
    let (documents, sources) = documents(name, &world, bits);
    let mut asked = questions(&world, bits);
    // Ids are given after the shuffle, so that they do not say which of them have no answer.
    asked.shuffle(bits);
    let asked = asked
        .into_iter()
        .enumerate()
        .map(|(number, asked)| question(name, number, &world, asked, &sources));
    Stream {
        name: name.to_owned(),
        stages: vec![Stage::shuffled(documents), Stage::shuffled(asked.collect())],
    }
}

/// A paragraph for each fact that is told, and where it stands.
fn documents(
    stream: &str,
    world: &World,
    bits: &mut ChaCha8Rng,
) -> (Vec<Episode>, HashMap<usize, Source>) {
    let facts = world.facts.iter().enumerate();
    let mut told: Vec<(usize, &Fact)> = facts.filter(|(_, fact)| fact.told).collect();
    told.shuffle(bits);
    let mut sources = HashMap::new();
    let mut documents = Vec::new();
    for (number, facts) in told.chunks(PARAGRAPHS).enumerate() {
        let id = format!("{stream}-{number}");
        let topic = TOPICS[number % TOPICS.len()];
        let task = task(id.clone(), topic.to_owned(), &[("world", stream)]);
        let mut steps = Vec::new();
        for (place, fact) in facts {
            sources.insert(*place, step_of(&id, steps.len()));
            steps.push(said(Actor::User, paragraph(world, fact, bits)));
        }
        documents.push(Episode {
            attempts: vec![attempt(id.clone(), &task, 0, steps, unknown())],
            ..Episode::of(task)
        });
    }
    (documents, sources)
}

/// A fact among small talk, behind an opening that says what it is about.
fn paragraph(world: &World, fact: &Fact, bits: &mut ChaCha8Rng) -> String {
    let about = &world.entities[fact.subject];
    let on_theme: Vec<&str> = FILLERS
        .iter()
        .copied()
        .filter(|filler| filler.contains("{s}"))
        .collect();
    let known_for = one_of(bits, &on_theme).replace("{s}", about.theme);
    let mut sentences = vec![world.statement(fact), known_for];
    for _ in 0..bits.random_range(AROUND) {
        sentences.push(one_of(bits, FILLERS).replace("{s}", about.theme));
    }
    if bits.random_bool(MENTION)
        && let Some(other) = world.entities.choose(bits)
    {
        sentences.push(named(one_of(bits, MENTIONS), &other.name));
    }
    sentences.shuffle(bits);
    sentences.insert(0, named(one_of(bits, OPENINGS), &about.name));
    sentences.join(" ")
}

/// A template about a thing, with a name in place of it.
fn named(template: &str, name: &str) -> String {
    template.replace("The {s}", name).replace("the {s}", name)
}

/// How one question is made, where what was drawn allows it.
type Make<'a> = dyn Fn(&mut ChaCha8Rng) -> Option<Asked> + 'a;

/// Questions of all kinds; no two follow from the same facts.
fn questions(world: &World, bits: &mut ChaCha8Rng) -> Vec<Asked> {
    let mut known = HashSet::new();
    let mut all = Vec::new();
    let mut add = |number: usize, make: &Make| {
        let made = std::iter::repeat_with(|| make(bits)).take(TRIES).flatten();
        let new = made.filter(|asked| {
            let mut facts = asked.facts.clone();
            facts.sort_unstable();
            known.insert(facts)
        });
        all.extend(new.take(number));
    };
    for (hops, number) in CHAINS {
        add(number, &|bits| chain(world, hops, true, bits));
    }
    add(UNANSWERABLE, &|bits| {
        let hops = bits.random_range(2..=3);
        chain(world, hops, false, bits)
    });
    add(JOINS, &|bits| join(world, bits));
    add(COMPARISONS, &|bits| comparison(world, bits));
    all
}

/// A walk through this many facts, all of which are told, or all but one. It visits nobody twice.
fn chain(world: &World, hops: usize, told: bool, bits: &mut ChaCha8Rng) -> Option<Asked> {
    let about = bits.random_range(0..world.entities.len());
    let mut visited = vec![about];
    let mut subject = world.name(about).to_owned();
    let mut facts = Vec::new();
    let mut untold = 0;
    while let Some(at) = visited.last() {
        let options: Vec<(usize, &Fact)> = world.facts_of(*at).collect();
        let (place, fact) = options.choose(bits)?;
        facts.push(*place);
        untold += usize::from(!fact.told);
        let verb = fact.relation.verb.replace("{s}", &subject);
        let text = match fact.object {
            Object::Entity(next) if visited.contains(&next) => break,
            Object::Entity(next) if facts.len() < hops => {
                subject = described(world, next, &verb, bits);
                visited.push(next);
                continue;
            }
            Object::Entity(next) => format!("Which {} {verb}?", world.entities[next].kind.noun()),
            Object::Year(_) => format!("In which year was it that {verb}?"),
        };
        let fits = facts.len() == hops && untold == usize::from(!told);
        return fits.then(|| Asked {
            text,
            answer: world.object(fact),
            facts,
            about,
        });
    }
    None
}

/// Somebody or something, by what is known of it.
fn described(world: &World, entity: usize, verb: &str, bits: &mut ChaCha8Rng) -> String {
    let entity = &world.entities[entity];
    let (noun, pronoun) = (entity.kind.noun(), entity.kind.pronoun());
    if bits.random_bool(HINT) {
        format!("the {noun}, known for {}, {pronoun} {verb}", entity.theme)
    } else {
        format!("the {noun} {pronoun} {verb}")
    }
}

/// Somebody whom two relations lead to, and nobody else.
fn join(world: &World, bits: &mut ChaCha8Rng) -> Option<Asked> {
    let person = bits.random_range(0..world.entities.len());
    let is_relation = |fact: &Fact| fact.told && matches!(fact.object, Object::Entity(_));
    let facts = world.facts_of(person).filter(|(_, fact)| is_relation(fact));
    let mut facts: Vec<(usize, &Fact)> = facts.collect();
    facts.shuffle(bits);
    let [(first, one), (second, other), ..] = facts[..] else {
        return None;
    };
    let holds_too = |fact: &Fact, of: usize| {
        let mut others = world.facts_of(of);
        others.any(|(_, other)| {
            std::ptr::eq(other.relation, fact.relation) && other.object == fact.object
        })
    };
    let fitting =
        (0..world.entities.len()).filter(|of| holds_too(one, *of) && holds_too(other, *of));
    let Object::Entity(about) = one.object else {
        return None;
    };
    let clause = |fact: &Fact| {
        let verb = fact.relation.verb.replace("{s}", "them");
        format!("{} {verb}", world.object(fact))
    };
    (world.entities[person].kind == Kind::Person && fitting.count() == 1).then(|| Asked {
        text: format!("Who is it, if {} and {}?", clause(one), clause(other)),
        facts: vec![first, second],
        answer: world.name(person).to_owned(),
        about,
    })
}

/// The earlier of two years.
fn comparison(world: &World, bits: &mut ChaCha8Rng) -> Option<Asked> {
    let years = world.facts.iter().enumerate();
    let years: Vec<(usize, &Fact, u32)> = years
        .filter_map(|(place, fact)| match fact.object {
            Object::Year(year) if fact.told => Some((place, fact, year)),
            _ => None,
        })
        .collect();
    let (first, one, year) = years.choose(bits)?;
    let (second, other, other_year) = years.choose(bits)?;
    let alike = std::ptr::eq(one.relation, other.relation);
    let clause = |fact: &Fact| fact.relation.verb.replace("{s}", world.name(fact.subject));
    (alike && year != other_year).then(|| Asked {
        text: format!(
            "In which year was it that {} or that {}, whichever came first?",
            clause(one),
            clause(other)
        ),
        facts: vec![*first, *second],
        answer: year.min(other_year).to_string(),
        about: one.subject,
    })
}

fn question(
    stream: &str,
    number: usize,
    world: &World,
    asked: Asked,
    sources: &HashMap<usize, Source>,
) -> Episode {
    let gold: Option<Vec<Source>> = asked
        .facts
        .iter()
        .map(|place| sources.get(place).cloned())
        .collect();
    let question = match gold {
        Some(gold) => Question::Evidence {
            answers: vec![asked.answer],
            matching: Matching::Phrase,
            gold,
            pieces: asked
                .facts
                .iter()
                .map(|place| world.statement(&world.facts[*place]))
                .collect(),
        },
        None => Question::Unanswerable,
    };
    Episode {
        question: Some(question),
        group: format!("{stream}-{}", world.name(asked.about)),
        ..Episode::of(task(
            format!("{stream}-question-{number}"),
            asked.text,
            &[("world", stream)],
        ))
    }
}
