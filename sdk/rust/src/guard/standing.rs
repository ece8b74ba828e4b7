//! Whether a common word stands as the answer: `answer is 2`, and not `check both 2 cases`.

use std::sync::LazyLock;

use memhost_words::words;

use super::tokens::Token;

/// Per language, how an answer is called, and what may stand between that and an answer on which something follows
/// ("the answer is 2 apples").
const LANGUAGES: [(&[&str], &[&str]); 12] = [
    // `boxed` is how mathematics is typeset.
    (
        &["answer", "answers", "result", "solution", "boxed"],
        &["is", "was", "be", "equals"],
    ),
    (
        &["antwort", "ergebnis", "lösung"],
        &["ist", "war", "lautet"],
    ),
    (&["vastaus", "tulos", "ratkaisu"], &["on", "oli"]),
    (&["cevap", "cevabı", "yanıt", "sonuç"], &["olarak"]),
    (&["réponse", "résultat"], &["est", "était"]),
    (
        &["respuesta", "resposta", "risposta", "resultado"],
        &["es", "é", "è", "era"],
    ),
    (&["उत्तर", "जवाब"], &["है"]),
    (&["الجواب", "الإجابة", "النتيجة"], &["هو", "هي"]),
    (&["答案", "结果", "結果"], &["是", "为", "為"]),
    (&["答え", "解答", "結果"], &["は", "が"]),
    (&["정답", "답", "결과"], &["은", "는", "이", "가"]),
    (&["คำตอบ", "ผลลัพธ์"], &["คือ", "เป็น"]),
];

/// Marks that say by themselves that an answer follows; the last is of a data set of word problems (GSM8K).
const EQUALS: [&str; 4] = ["≈", "→", "⇒", "####"];

/// How many words the answer stands behind the word for it at most: "the answer to this task should be 2".
const REACH: usize = 6;

/// Marks that end a sentence, and so the reach of a word in it.
const SENTENCE_ENDS: [char; 9] = ['.', '!', '?', ';', '\n', '。', '！', '？', '।'];

/// Marks that may follow on what a clause ends with.
const CLAUSE_ENDS: [char; 24] = [
    '.', ',', ';', ':', '!', '?', ')', ']', '}', '"', '”', '\n', '*', '%', '\'', '’', '。', '，',
    '、', '；', '：', '！', '？', '।',
];

/// Words that follow on each other, as texts are compared.
type Phrase = Vec<String>;

/// The same as phrases.
static PHRASES: LazyLock<Vec<(Vec<Phrase>, Vec<Phrase>)>> = LazyLock::new(|| {
    let phrases = |texts: &[&str]| texts.iter().map(|text| words(text)).collect();
    let languages = LANGUAGES.iter();
    languages
        .map(|(cues, copulas)| (phrases(cues), phrases(copulas)))
        .collect()
});

/// Whether the word at this place among the words of a text is told as an answer: by a sign of equality, or close behind
/// the word for an answer, if a mark or a copula stands between, a copula follows, or the clause ends.
pub(super) fn stands_as_the_answer(text: &str, said: &[Token], at: usize) -> bool {
    if said.len() == 1 || says_equals(gap_before(text, said, at)) {
        return true;
    }
    for end in (at.saturating_sub(REACH)..=at).rev() {
        if ends_a_sentence(gap_before(text, said, end)) {
            return false;
        }
        let (before, between, after) = (&said[..end], &said[end..at], &said[at + 1..]);
        let told = PHRASES.iter().any(|(cues, copulas)| {
            ends_with_one_of(before, cues)
                && (ends_with_one_of(between, copulas)
                    || begins_with_one_of(after, copulas)
                    || (between.is_empty() && !gap_before(text, said, at).trim().is_empty())
                    || ends_a_clause(text, said, at))
        });
        if told {
            return true;
        }
    }
    false
}

/// Whether nothing but blanks and marks stands beside it: 是 is then all that is said.
pub(super) fn stands_alone(text: &str, said: &[Token], at: usize) -> bool {
    let Some(token) = said.get(at) else {
        return false;
    };
    let before = text[..token.place.start].chars().next_back();
    let after = text[token.place.end..].chars().next();
    ![before, after]
        .into_iter()
        .flatten()
        .any(char::is_alphanumeric)
}

fn ends_with_one_of(said: &[Token], phrases: &[Phrase]) -> bool {
    phrases.iter().any(|phrase| {
        let start = said.len().checked_sub(phrase.len());
        start.is_some_and(|start| {
            said[start..]
                .iter()
                .zip(phrase)
                .all(|(one, word)| one.reads(word))
        })
    })
}

fn begins_with_one_of(said: &[Token], phrases: &[Phrase]) -> bool {
    phrases.iter().any(|phrase| {
        said.len() >= phrase.len() && said.iter().zip(phrase).all(|(one, word)| one.reads(word))
    })
}

/// What stands between the word at this place and the one before it.
fn gap_before<'a>(text: &'a str, said: &[Token], at: usize) -> &'a str {
    let start = at
        .checked_sub(1)
        .and_then(|before| said.get(before))
        .map_or(0, |one| one.place.end);
    let end = said.get(at).map_or(text.len(), |one| one.place.start);
    text.get(start..end).unwrap_or_default()
}

/// An equals sign that is no part of a comparison, or a mark that is used like one.
fn says_equals(gap: &str) -> bool {
    let mut signs = gap.match_indices(['=', '＝']);
    signs.any(|(at, _)| !gap[..at].ends_with(['<', '>', '!', '≥', '≤']))
        || EQUALS.iter().any(|mark| gap.contains(mark))
}

/// An answer may stand in the line below a colon.
fn ends_a_sentence(gap: &str) -> bool {
    gap.contains(SENTENCE_ENDS) && !gap.contains([':', '：'])
}

/// Whether nothing follows on the word in its clause.
fn ends_a_clause(text: &str, said: &[Token], at: usize) -> bool {
    let gap = gap_before(text, said, at + 1);
    at + 1 == said.len() || gap.contains('\n') || gap.trim_start().starts_with(CLAUSE_ENDS)
}
