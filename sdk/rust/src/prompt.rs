//! Prompts: what is asked of a model, and the type that its reply has. What is wrong with a reply is said here, so that
//! every plugin says it in the same words.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::types::{Fault, Level, Reply, Request, Role};
use crate::{llm, run};

/// How many bytes of requests cross to the host at once; the default limit of a crossing is 8 MiB.
const BYTES_AT_ONCE: usize = 2 << 20;

/// Instructions whose reply can be read as a `T`. Texts may have places such as `{most}`, see [`Prompt::filled`].
///
/// ```
/// use memhost_sdk::{Prompt, Request, Role};
///
/// #[derive(serde::Deserialize)]
/// struct Judgement { solved: bool }
///
/// const JUDGE: Prompt<Judgement> = Prompt::new(Role::Judge, "judge")
///     .instructions("Was the task solved?")
///     .replies("a judgement", r#"{"type": "object"}"#)
///     .max_tokens(Request::SHORT_REPLY);
///
/// let host = memhost_sdk::testing::TestHost::new();
/// host.reply("judge", r#"{"solved": true}"#);
/// assert!(host.run(|| JUDGE.about("The lamp is on.").ask())?.solved);
/// # Ok::<(), memhost_sdk::Fault>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Prompt<T> {
    role: Role,
    purpose: &'static str,
    instructions: &'static str,
    reply: &'static str,
    schema: &'static str,
    temperature: Option<f32>,
    max_tokens: u32,
    answer: PhantomData<fn() -> T>,
}

impl<T> Prompt<T> {
    /// To the model of this role; the purpose names it in the trace and in the cost table.
    pub const fn new(role: Role, purpose: &'static str) -> Self {
        Self {
            role,
            purpose,
            instructions: "",
            reply: "an answer",
            schema: "{}",
            temperature: None,
            max_tokens: Request::LONG_REPLY,
            answer: PhantomData,
        }
    }

    /// The system message.
    #[must_use]
    pub const fn instructions(mut self, text: &'static str) -> Self {
        self.instructions = text;
        self
    }

    /// What the reply is, as in `the reply is not a judgement`, and its JSON Schema.
    #[must_use]
    pub const fn replies(mut self, what: &'static str, schema: &'static str) -> Self {
        self.reply = what;
        self.schema = schema;
        self
    }

    /// The sampling temperature; the model's own unless given.
    #[must_use]
    pub const fn temperature(mut self, temperature: f32) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// The longest reply; [`Request::LONG_REPLY`] unless given.
    #[must_use]
    pub const fn max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = tokens;
        self
    }
}

impl<T: DeserializeOwned + 'static> Prompt<T> {
    /// The question about this material.
    pub fn about(&self, material: impl Into<String>) -> Question<'static, T> {
        self.filled(&[], material)
    }

    /// The question about this material, with these values in the places of instructions and schema: `most` is put where
    /// `{most}` stands. What a value says is never taken for a place.
    pub fn filled(
        &self,
        values: &[(&str, &str)],
        material: impl Into<String>,
    ) -> Question<'static, T> {
        let mut request = Request::new(self.role, self.purpose)
            .system(fill(self.instructions, values))
            .user(material)
            .max_tokens(self.max_tokens)
            .schema(fill(self.schema, values));
        request.temperature = self.temperature;
        let what = self.reply;
        Question {
            request,
            doing: String::new(),
            read: Box::new(move |text| read(text, what)),
        }
    }
}

type Read<'a, T> = Box<dyn FnOnce(&str) -> Result<T, Fault> + 'a>;

/// A request, and what becomes of its reply: a `T`.
pub struct Question<'a, T> {
    /// What crosses to the host.
    pub request: Request,
    /// What its faults say first.
    doing: String,
    read: Read<'a, T>,
}

impl<'a, T: 'a> Question<'a, T> {
    /// To the model of another role.
    #[must_use]
    pub fn to(mut self, role: Role) -> Self {
        self.request.role = role;
        self
    }

    /// At another temperature, from 0 to 2.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a number from 0 to 2")]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.request.temperature = Some(temperature as f32);
        self
    }

    /// What is made of the answer, or why it cannot be used.
    #[must_use]
    pub fn then<U>(self, next: impl FnOnce(T) -> Result<U, Fault> + 'a) -> Question<'a, U> {
        let Question {
            request,
            doing,
            read,
        } = self;
        Question {
            request,
            doing,
            read: Box::new(move |text| next(read(text)?)),
        }
    }

    /// Its faults say first what was being done; see [`Fault::within`].
    #[must_use]
    pub fn doing(mut self, what: impl Into<String>) -> Self {
        self.doing = what.into();
        self
    }

    /// Asks it alone.
    ///
    /// # Errors
    /// See [`Question::read`].
    pub fn ask(self) -> Result<T, Fault> {
        let reply = complete(std::slice::from_ref(&self.request)).pop();
        self.read(reply.unwrap_or_else(no_reply))
    }

    /// What the reply says, where it was asked together with others.
    ///
    /// # Errors
    /// The fault that is there instead of a reply; or [`Fault::Failed`] if the reply is not what was asked for.
    pub fn read(self, reply: Result<Reply, Fault>) -> Result<T, Fault> {
        let answer = reply.and_then(|reply| (self.read)(&reply.text));
        answer.map_err(|fault| match self.doing.is_empty() {
            true => fault,
            false => fault.within(&self.doing),
        })
    }
}

/// Asks all questions at once, and gives an answer or a fault for each, in their order.
pub fn ask_all<'a, T: 'a>(
    questions: impl IntoIterator<Item = Question<'a, T>>,
) -> Vec<Result<T, Fault>> {
    let questions: Vec<Question<T>> = questions.into_iter().collect();
    let requests: Vec<Request> = questions.iter().map(|one| one.request.clone()).collect();
    let answered = questions.into_iter().zip(complete(&requests));
    answered.map(|(one, reply)| one.read(reply)).collect()
}

/// Asks the questions that there are at once, and puts what can be used of the answers in their places. A fault costs
/// that one answer, and the log tells it.
pub fn ask_some<'a, T: 'a>(questions: Vec<Option<Question<'a, T>>>) -> Vec<Option<T>> {
    let requests = questions.iter().flatten().map(|one| one.request.clone());
    let mut replies = complete(&requests.collect::<Vec<_>>()).into_iter();
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        answers.push(question.and_then(|one| {
            let reply = replies.next().unwrap_or_else(no_reply);
            one.read(reply).map_err(warn).ok()
        }));
    }
    answers
}

/// Asks two questions of different types at once.
pub fn ask_both<'a, T: 'a, U: 'a>(
    one: Question<'a, T>,
    other: Question<'a, U>,
) -> (Result<T, Fault>, Result<U, Fault>) {
    let mut replies = complete(&[one.request.clone(), other.request.clone()]).into_iter();
    let mut next = || replies.next().unwrap_or_else(no_reply);
    (one.read(next()), other.read(next()))
}

/// A reply to each request, or why there is none, asked for in as few crossings as may be: none hands over so much that
/// the host refuses it.
pub fn complete(requests: &[Request]) -> Vec<Result<Reply, Fault>> {
    let mut replies = Vec::with_capacity(requests.len());
    let mut rest = requests;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|request| {
            bytes += request
                .messages
                .iter()
                .map(|one| one.text.len())
                .sum::<usize>();
            bytes <= BYTES_AT_ONCE
        });
        let (portion, later) = rest.split_at(fits.count().max(1));
        let answered = llm::complete(portion).into_iter();
        replies.extend(
            answered
                .chain(std::iter::repeat_with(no_reply))
                .take(portion.len()),
        );
        rest = later;
    }
    replies
}

/// What was learnt, where each item stands for itself: a fault costs that one item, and the log counts them.
///
/// # Errors
/// The first fault, if nothing at all was learnt.
pub fn unless_all_lost<T>(learnt: Vec<Result<T, Fault>>, items: &str) -> Result<Vec<T>, Fault> {
    let all = learnt.len();
    let mut first = None;
    let kept = learnt
        .into_iter()
        .filter_map(|one| one.map_err(|fault| first.get_or_insert(fault).clone()).ok());
    let kept: Vec<T> = kept.collect();
    match first {
        Some(fault) if kept.is_empty() => return Err(fault),
        Some(fault) => run::log(
            Level::Warn,
            &format!(
                "{} of {all} {items} taught nothing; the first: {fault}",
                all - kept.len()
            ),
        ),
        None => {}
    }
    Ok(kept)
}

fn read<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Fault> {
    serde_json::from_str(text)
        .map_err(|error| Fault::Failed(format!("the reply is not {what}: {error}")))
}

fn warn(fault: Fault) {
    run::log(Level::Warn, &fault.to_string());
}

fn no_reply() -> Result<Reply, Fault> {
    Err(Fault::Failed("the host gave no reply".to_owned()))
}

/// In one go, so that what a value says is not filled again.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let place = values
            .iter()
            .find_map(|(name, value)| Some((value, after.strip_prefix(name)?.strip_prefix('}')?)));
        rest = match place {
            Some((value, later)) => {
                filled.push_str(value);
                later
            }
            None => {
                filled.push('{');
                after
            }
        };
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestHost;

    const NUMBER: Prompt<u32> = Prompt::new(Role::Agent, "count")
        .instructions("At most {most}, as {\"a\": {most}} or {least}.")
        .replies("a number", "{\"maximum\": {most}}");

    #[test]
    fn places_are_filled_once_and_other_braces_stay() {
        let asked = NUMBER.filled(&[("most", "{least}"), ("least", "1")], "x");
        let request = asked.request;
        assert_eq!(
            request.messages[0].text,
            "At most {least}, as {\"a\": {least}} or 1."
        );
        assert_eq!(request.schema.as_deref(), Some("{\"maximum\": {least}}"));
    }

    #[test]
    fn every_question_has_its_own_answer_or_fault() {
        let host = TestHost::new();
        for reply in ["1", "none", "3"] {
            host.reply("count", reply);
        }
        let questions = ["a", "b", "c"].map(|text| NUMBER.about(text));
        let answers = host.run(|| ask_all(questions));
        assert_eq!((&answers[0], &answers[2]), (&Ok(1), &Ok(3)));
        let Err(Fault::Failed(text)) = &answers[1] else {
            panic!("{answers:?}");
        };
        assert!(text.starts_with("the reply is not a number: "), "{text}");
    }

    #[test]
    fn much_is_asked_in_portions_and_answered_in_order() {
        let host = TestHost::new();
        host.answer_with(|request| Ok(request.messages[1].text.len().to_string()));
        let sizes = [BYTES_AT_ONCE + 1, 5, BYTES_AT_ONCE, 7];
        let questions = sizes.map(|size| NUMBER.about("x".repeat(size)));
        let answers = host.run(|| ask_all(questions));
        assert_eq!(answers, sizes.map(|size| Ok(size as u32)));
    }

    #[test]
    fn what_becomes_of_an_answer_is_part_of_its_question_and_its_faults_say_what_was_done() {
        let host = TestHost::new();
        let odd = |number: u32| match number % 2 {
            1 => Ok(format!("{number} is odd")),
            _ => Err(Fault::Failed("it is even".to_owned())),
        };
        let question = || NUMBER.about("x").then(odd).doing("counting");
        for reply in ["3", "4"] {
            host.reply("count", reply);
        }
        assert_eq!(host.run(|| question().ask()), Ok("3 is odd".to_owned()));
        let even = Err(Fault::Failed("while counting: it is even".to_owned()));
        assert_eq!(host.run(|| question().ask()), even);
    }

    #[test]
    fn answers_stand_in_the_places_of_the_questions_that_were_asked() {
        let host = TestHost::new();
        for reply in ["1", "none", "3"] {
            host.reply("count", reply);
        }
        let asked = [true, false, true, false, true];
        let questions = asked
            .map(|is_asked| is_asked.then(|| NUMBER.about("x")))
            .into();
        let answers = host.run(|| ask_some(questions));
        assert_eq!(answers, [Some(1), None, None, None, Some(3)]);
        assert!(host.log_lines()[0].1.contains("the reply is not a number"));
        assert_eq!(host.requests().len(), 3);
    }

    #[test]
    fn two_questions_of_different_types_are_asked_together() {
        const TEXT: Prompt<String> = Prompt::new(Role::Judge, "tell");
        let host = TestHost::new();
        host.reply("count", "1");
        host.reply("tell", "\"so\"");
        let both = host.run(|| ask_both(NUMBER.about("x"), TEXT.about("y")));
        assert_eq!(both, (Ok(1), Ok("so".to_owned())));
    }

    #[test]
    fn a_loss_costs_one_item_and_losing_all_is_a_fault() {
        let host = TestHost::new();
        let lost = || Err::<u32, _>(Fault::Failed("gone".to_owned()));
        let kept = host.run(|| unless_all_lost(vec![Ok(1), lost(), Ok(3)], "cases"));
        assert_eq!(kept, Ok(vec![1, 3]));
        assert!(
            host.log_lines()[0]
                .1
                .starts_with("1 of 3 cases taught nothing; the first: ")
        );
        let none = host.run(|| unless_all_lost::<u32>(vec![lost(), lost()], "cases"));
        assert_eq!(none, Err(Fault::Failed("gone".to_owned())));
    }
}
