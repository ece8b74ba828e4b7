use proptest::prelude::*;

use super::*;

fn told(answer: &str, text: &str) -> bool {
    AnswerGuard::of(answer).is_told_by(text)
}

fn quoted(answer: &str, text: &str) -> bool {
    AnswerGuard::of(answer).is_quoted_in(text)
}

#[test]
fn an_answer_is_found_in_a_sentence_of_any_language() {
    let table = [
        ("The Eiffel Tower.", "It was (the EIFFEL-tower)!"),
        ("Paris", "avoid the Paris of Texas"),
        // Chinese, Japanese, Korean, Thai: no blanks around it, or a particle on it.
        ("東京", "答えは東京です"),
        ("东京", "首都是东京，不是大阪。"),
        ("ミケ", "猫の名前はミケだよ"),
        ("ﾐｹ", "猫の名前はミケだよ"),
        ("서울", "수도는 서울에서 찾아라"),
        (
            "\u{1109}\u{1165}\u{110b}\u{116e}\u{11af}",
            "수도는 서울이다",
        ),
        ("ทองดี", "แมวของฉันชื่อทองดีนะ"),
        // Case, composition, full width.
        ("Jyväskylä", "MUISTA JYVÄSKYLÄ ENSIN"),
        ("Jyva\u{308}skyla\u{308}", "muista Jyväskylä ensin"),
        ("İstanbul", "önce istanbul'u dene"),
        ("ısparta", "ISPARTA'yı dene"),
        ("Straßburg", "prüfe STRASSBURG zuerst"),
        ("गुड्डी", "पहले गुड्डी को देखो"),
        ("لولو", "تحقق من لُولُو أولا"),
        ("Ｐａｒｉｓ", "enforce paris"),
        ("café", "enforce CAFE\u{301}"),
        // What was reasoned out.
        (
            "I counted the boxes.\nAnswer: seventeen",
            "There were seventeen.",
        ),
        ("数えました。\n答え：東京", "東京を調べる"),
    ];
    for (answer, text) in table {
        assert!(told(answer, text), "{answer} is told by {text}");
        assert!(quoted(answer, text), "{answer} is quoted by {text}");
        let guard = AnswerGuard::of(answer);
        let masked = guard.masked(text);
        assert!(
            masked.contains(BLANK) && !guard.is_quoted_in(&masked),
            "{masked}"
        );
    }
}

#[test]
fn other_words_and_parts_of_words_are_no_answer() {
    let table = [
        ("The Eiffel Tower", "It was the tower by Eiffel."),
        ("Ada Lovelace", "enforce that Ada, not Lovelace, is named"),
        ("Paris", "avoid comparisons"),
        ("東京", "京都と東北"),
        ("서울", "울산과 서산"),
        ("ทองดี", "ทองคำ"),
        ("Jyväskylä", "Jyvaskyla"),
        ("", "anything"),
        ("  ", "anything"),
        ("?!", "when a number has no unit, enforce plan B"),
        (">=", "enforce 2 > 1"),
    ];
    for (answer, text) in table {
        assert!(
            !told(answer, text) && !quoted(answer, text),
            "{answer} is not in {text}"
        );
    }
}

#[test]
fn a_number_is_the_same_however_it_is_written() {
    let answers = [
        "1200",
        "$1,200.00",
        "1.200",
        "1.200,00 €",
        "So she pays 4 * 300 = <<4*300=1200>>1200 dollars.\nA: 1200\n",
        "The answer is 1,200.",
        "#### 1200",
        "１２００",
        "全部で1200円です",
        "모두 1200원",
        "الجواب ١٬٢٠٠٫٠٠",
        "उत्तर १२०० है",
        "ทั้งหมด ๑,๒๐๐ บาท",
    ];
    for answer in answers {
        for text in [
            "enforce a total of 1200; avoid 300",
            "enforce $1,200",
            "合計は1200円",
            "1200원을 확인",
        ] {
            assert!(
                told(answer, text) && quoted(answer, text),
                "{answer} is told by {text}"
            );
        }
        assert!(
            !told(answer, "enforce 12 checks of 120 or 12000, 0.1200 or -1200"),
            "{answer}"
        );
    }
}

#[test]
fn a_sign_belongs_to_a_number() {
    assert!(
        told("-180", "enforce -180") && told("−180", "x = -180") && told("180", "pages 20-180")
    );
    for (answer, text) in [
        ("-180", "enforce 180"),
        ("180", "enforce -180"),
        ("-18", "the answer is 18"),
    ] {
        assert!(
            !told(answer, text) && !quoted(answer, text),
            "{answer} is not in {text}"
        );
    }
}

#[test]
fn a_common_word_gives_nothing_away_unless_it_stands_as_the_answer() {
    let silent = [
        ("The answer is 2", "enforce 2 checks"),
        ("2", "check both 2 cases"),
        ("2", "when x >= 2, check the answer in 2 ways"),
        ("2", "check that the answer has 2 digits. 2 is even"),
        ("12", "avoid 12 steps"),
        ("no", "when a number has no unit, enforce plan B"),
        ("(b)", "when a number has no unit, enforce plan B"),
        ("है", "पहले देखो कि क्या है"),
        ("A", "when the answer is a number, check it"),
        ("2", "两个答案都要检查2次"),
        ("是", "先看问题是什么"),
        ("2", "답을 2번 확인"),
        ("2", "tarkista vastaus 2 tavalla"),
    ];
    for (answer, text) in silent {
        assert!(!told(answer, text), "{answer} is not told by {text}");
    }
    let said = [
        ("The answer is 2", "the answer is 2"),
        ("2", "enforce that the answer is 2 apples"),
        ("2", "the right answer to this task should be 2; avoid 3"),
        ("2", "Answer: 2"),
        ("2", "final answer:\n2"),
        ("2", "1 + 1 = 2 holds"),
        ("2", "#### 2"),
        ("2", "\\boxed{2}"),
        ("2", " 2. "),
        ("-2", "x = -2"),
        ("no", "the answer is no."),
        ("(b)", "Answer: b"),
        ("2", "答案是2个"),
        ("2", "答えは2です"),
        ("2", "정답은 2입니다"),
        ("2", "คำตอบคือ 2"),
        ("2", "Vastaus on 2 omenaa"),
        ("2", "cevap 2'dir"),
        ("2", "die Antwort lautet 2 Meter"),
        ("2", "उत्तर 2 है"),
        ("2", "الجواب هو 2"),
        ("是", "答案是：是"),
        (">=", " >= "),
    ];
    for (answer, text) in said {
        assert!(told(answer, text), "{answer} is told by {text}");
    }
}

#[test]
fn whoever_must_be_blind_to_an_answer_sees_no_word_of_it() {
    let table = [
        ("42", "42 of 420, 42%", "[…] of 420, […]%"),
        ("A", "Take A, not a break.", "Take […], not a break."),
        (">=", "a >= b >= c", "a […] b […] c"),
        ("東京", "答えは 東京。", "答えは […]。"),
        ("서울", "서울에서 출발", "[…] 출발"),
        ("order", "get_order(7)", "[…](7)"),
        ("18", "-18 or 18", "-18 or […]"),
        ("ab", "ab ab", "[…] […]"),
        // What is left around a blank is looked at again.
        ("x1 y2 z3", "x1 x1 y2 z3 y2 z3", "[…]"),
        // 是 is in every sentence; here it is all that is said.
        ("是", "先看问题是什么。是。", "先看问题是什么。[…]。"),
        ("The task is done after 7 steps.", "7 cats", "7 cats"),
        ("…", "a […] b", "a [[…]] b"),
    ];
    for (answer, text, masked) in table {
        assert_eq!(AnswerGuard::of(answer).masked(text), masked, "{answer}");
    }
    assert!(!quoted("42", "1420"));
}

proptest! {
    #[test]
    fn what_is_not_a_number_has_the_words_of_the_search(text in any_text()) {
        let said = tokens(&text);
        let wanted: Vec<String> = memhost_words::words(&text);
        let is_word = |word: &&String| word.chars().next().is_some_and(char::is_alphabetic);
        for word in wanted.iter().filter(is_word) {
            prop_assert!(said.iter().any(|one| one.reads(word)), "{word} in {said:?}");
        }
        for token in said {
            prop_assert!(text.get(token.place.clone()).is_some_and(|place| !place.is_empty()));
        }
    }

    #[test]
    fn an_answer_with_a_telling_word_is_found_in_itself_and_never_after_masking(
        answer in any_text(), before in any_text(), after in any_text(),
    ) {
        let guard = AnswerGuard::of(&answer);
        let text = format!("{before} \n{answer}\n {after}");
        if guard.forms.iter().any(|form| matches!(form, Form::Words(_))) {
            prop_assert!(guard.is_told_by(&text), "{guard:?}");
            prop_assert!(guard.is_quoted_in(&text));
        }
        prop_assert!(!guard.is_told_by(&text) || guard.is_quoted_in(&text));
        let masked = guard.masked(&text);
        prop_assert!(guard.words_in(&masked, Sought::Anywhere).is_empty());
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z]{1,5}",
        "-?[0-9]{1,4}([.,][0-9]{1,3}){0,2}",
        "[ _.'’:=\u{200b}\u{ad}-]{1,2}",
        "[éß\u{301}İıﬁ½㎏②]{1,2}",
        "[我的猫ミケ서울แมวที่]{1,3}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}
