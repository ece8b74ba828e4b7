//! The world of the generator: who there is, what can be true of them, and who is what to whom.

use std::collections::HashSet;

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::super::evidence::talk::{PASTIMES, THINGS};
use super::super::transfer::name;

/// What somebody or something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Person,
    Company,
    School,
    Town,
    River,
}

impl Kind {
    pub(super) fn noun(self) -> &'static str {
        match self {
            Kind::Person => "person",
            Kind::Company => "company",
            Kind::School => "school",
            Kind::Town => "town",
            Kind::River => "river",
        }
    }

    pub(super) fn pronoun(self) -> &'static str {
        match self {
            Kind::Person => "who",
            _ => "that",
        }
    }
}

/// How many of each there are.
const INHABITANTS: [(Kind, usize); 5] = [
    (Kind::Person, 22),
    (Kind::Company, 6),
    (Kind::School, 5),
    (Kind::Town, 6),
    (Kind::River, 4),
];
/// How often nothing is said of what is true.
const UNTOLD: f64 = 0.08;

/// What is true of all of a kind: somebody or something does this to them.
pub(super) struct Relation {
    of: Kind,
    to: To,
    /// With `{s}` for whom it is true of: as it stands behind the other, or before a year.
    pub(super) verb: &'static str,
}

/// What a relation leads to.
enum To {
    Entity(Kind),
    Year,
}

const fn relation(of: Kind, to: Kind, verb: &'static str) -> Relation {
    Relation {
        of,
        to: To::Entity(to),
        verb,
    }
}

const fn year(of: Kind, verb: &'static str) -> Relation {
    Relation {
        of,
        to: To::Year,
        verb,
    }
}

/// In none of them does a name stand behind another's, so that a question can be put together from right to left.
const RELATIONS: &[Relation] = &[
    relation(Kind::Person, Kind::Company, "employs {s}"),
    relation(Kind::Person, Kind::School, "taught {s}"),
    relation(Kind::Person, Kind::Person, "trained {s}"),
    relation(Kind::Company, Kind::Town, "hosts the office of {s}"),
    relation(Kind::Company, Kind::Person, "founded {s}"),
    relation(Kind::School, Kind::Town, "runs {s}"),
    relation(Kind::School, Kind::Person, "designed {s}"),
    relation(Kind::Town, Kind::River, "crosses {s}"),
    relation(Kind::Town, Kind::Person, "governs {s}"),
    relation(Kind::River, Kind::Town, "guards the source of {s}"),
    year(Kind::Person, "{s} was born"),
    year(Kind::Company, "{s} was registered"),
    year(Kind::School, "{s} was opened"),
    year(Kind::Town, "{s} was first mentioned"),
];

/// Somebody or something.
pub(super) struct Entity {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// What else people have to say about it.
    pub(super) theme: &'static str,
}

/// What a relation leads to from one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Object {
    Entity(usize),
    Year(u32),
}

/// Something true.
pub(super) struct Fact {
    pub(super) subject: usize,
    pub(super) relation: &'static Relation,
    pub(super) object: Object,
    /// Whether it stands anywhere.
    pub(super) told: bool,
}

/// Who there is, and everything that is true. No two have a name in common.
pub(super) struct World {
    pub(super) entities: Vec<Entity>,
    pub(super) facts: Vec<Fact>,
}

impl World {
    pub(super) fn new(bits: &mut ChaCha8Rng) -> World {
        let themes = THINGS.iter().chain(PASTIMES);
        let mut themes: Vec<&str> = themes.flat_map(|subject| subject.themes).copied().collect();
        themes.shuffle(bits);
        let mut themes = themes.into_iter().cycle();
        let mut taken = HashSet::new();
        let mut new_name = |bits: &mut ChaCha8Rng| {
            loop {
                let name = name(bits);
                if taken.insert(name.clone()) {
                    return name;
                }
            }
        };
        let mut entities = Vec::new();
        for (kind, number) in INHABITANTS {
            for _ in 0..number {
                let name = match kind {
                    Kind::Person => format!("{} {}", new_name(bits), new_name(bits)),
                    _ => new_name(bits),
                };
                let theme = themes.next().unwrap_or_default();
                entities.push(Entity { kind, name, theme });
            }
        }
        let facts = facts(&entities, bits);
        World { entities, facts }
    }

    pub(super) fn name(&self, entity: usize) -> &str {
        self.entities
            .get(entity)
            .map_or("", |entity| entity.name.as_str())
    }

    /// What a fact leads to.
    pub(super) fn object(&self, fact: &Fact) -> String {
        match fact.object {
            Object::Entity(object) => self.name(object).to_owned(),
            Object::Year(year) => year.to_string(),
        }
    }

    /// What is true of an entity, with the places of the facts.
    pub(super) fn facts_of(&self, entity: usize) -> impl Iterator<Item = (usize, &Fact)> {
        let facts = self.facts.iter().enumerate();
        facts.filter(move |(_, fact)| fact.subject == entity)
    }

    /// The sentence that tells a fact.
    pub(super) fn statement(&self, fact: &Fact) -> String {
        let verb = fact.relation.verb.replace("{s}", self.name(fact.subject));
        let object = self.object(fact);
        match fact.object {
            Object::Entity(_) => format!("{object} {verb}."),
            Object::Year(_) => format!("{verb} in the year {object}."),
        }
    }
}

fn facts(entities: &[Entity], bits: &mut ChaCha8Rng) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (subject, entity) in entities.iter().enumerate() {
        for relation in RELATIONS.iter().filter(|r| r.of == entity.kind) {
            let object = match relation.to {
                To::Year => Some(Object::Year(bits.random_range(1850..2020))),
                To::Entity(kind) => {
                    let others: Vec<usize> = (0..entities.len())
                        .filter(|other| *other != subject && entities[*other].kind == kind)
                        .collect();
                    others.choose(bits).copied().map(Object::Entity)
                }
            };
            if let Some(object) = object {
                facts.push(Fact {
                    subject,
                    relation,
                    object,
                    told: !bits.random_bool(UNTOLD),
                });
            }
        }
    }
    facts
}
