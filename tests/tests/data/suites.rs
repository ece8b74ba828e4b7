//! Suites as anybody meets them: the built-in ones, other people's formats, and files that are broken.

use std::path::Path;

use memhost::contract::{Actor, Source};
use memhost_suite::{Matching, Question, Severity, Suite, builtin, check, formats};

use crate::floors::measure;

/// A small conversation in the format in which LoCoMo is published.
const LOCOMO: &str = r#"[{
  "sample_id": "conv-1",
  "conversation": {
    "speaker_a": "Ann", "speaker_b": "Bob",
    "session_1_date_time": "1:56 pm on 8 May, 2023",
    "session_1": [
      {"speaker": "Ann", "dia_id": "D1:1", "text": "I went to a pottery class yesterday."},
      {"speaker": "Bob", "dia_id": "D1:2", "text": "Look!", "img_url": ["x"], "blip_caption": "a blue bowl"}
    ],
    "session_10_date_time": "2:00 pm on 9 June, 2023",
    "session_10": [{"speaker": "Ann", "dia_id": "D10:1", "text": "I moved to Ghent in 2022."}],
    "session_2_date_time": "3:00 pm on 20 May, 2023",
    "session_2": [{"speaker": "Bob", "dia_id": "D2:1", "text": "My bowl broke."}]
  },
  "qa": [
    {"question": "When did Ann go to a class?", "answer": "7 May 2023", "evidence": ["D1:1"], "category": 2},
    {"question": "What happened to Bob's bowl?", "answer": "it broke", "evidence": ["D1:2; D2:1"], "category": 1},
    {"question": "When did Ann move?", "answer": 2022, "evidence": ["D:10:01"], "category": 4},
    {"question": "What did Ann sell?", "adversarial_answer": "a bowl", "evidence": ["D1:1"], "category": 5}
  ]
}]"#;

fn locomo(content: &str) -> Result<Suite, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("locomo10.json"), content).unwrap();
    Suite::load(&format!("locomo:{}", folder.path().display())).map_err(|error| error.to_string())
}

#[test]
fn locomo_is_read_as_its_authors_publish_it() {
    let suite = locomo(LOCOMO).unwrap();
    assert!(suite.summary.contains("1 adversarial"), "{}", suite.summary);
    let [sessions, questions] = suite.streams[0].stages.as_slice() else {
        panic!("a stream has its sessions and then its questions");
    };
    let dates: Vec<&str> = sessions
        .episodes
        .iter()
        .map(|e| e.task.text.as_str())
        .collect();
    assert_eq!(
        dates,
        [
            "A conversation on 1:56 pm on 8 May, 2023",
            "A conversation on 3:00 pm on 20 May, 2023",
            "A conversation on 2:00 pm on 9 June, 2023",
        ]
    );
    let picture = &sessions.episodes[0].attempts[0].steps[1];
    assert_eq!(picture.actor, Actor::User);
    assert_eq!(picture.text, "Bob: Look! [sends a picture of a blue bowl]");

    let gold: Vec<Vec<Source>> = questions
        .episodes
        .iter()
        .map(|episode| match episode.question.clone() {
            Some(Question::Evidence { gold, matching, .. }) => {
                assert_eq!(matching, Matching::Words);
                gold
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let turn = |session: u32, turn| Source::step(format!("conv-1-session-{session}"), turn);
    assert_eq!(
        gold,
        [
            vec![turn(1, 0)],
            vec![turn(1, 1), turn(2, 0)],
            vec![turn(10, 0)],
        ]
    );
}

#[test]
fn a_broken_data_set_is_named_with_line_and_field() {
    let said = locomo(&LOCOMO.replace(r#""When did Ann move?""#, "5")).unwrap_err();
    assert!(
        said.contains("locomo10.json`, line 18, field `[0].qa[2].question`"),
        "{said}"
    );
    let said = locomo(&LOCOMO.replace(r#""dia_id": "D2:1", "#, "")).unwrap_err();
    assert!(
        said.contains("session_2") && said.contains("missing field `dia_id`"),
        "{said}"
    );
    let said = locomo(&LOCOMO.replace("Look!", r"\ud83e")).unwrap_err();
    assert!(
        said.contains("line 8") && said.contains("half of a character"),
        "{said}"
    );
}

#[test]
fn a_folder_without_the_data_set_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let empty: &Path = folder.path();
    for format in formats() {
        let said = Suite::load(&format!("{}:{}", format.name, empty.display()))
            .unwrap_err()
            .to_string();
        assert!(said.contains("there is no `"), "{}: {said}", format.name);
        assert!(
            said.contains(&empty.display().to_string()),
            "{}: {said}",
            format.name
        );
    }
}

#[test]
fn built_in_suites_are_sound_and_always_the_same() {
    for suite in builtin() {
        let first = Suite::load(suite.name).unwrap();
        assert_eq!(first, Suite::load(suite.name).unwrap());
        let problems = check(&first);
        assert!(
            problems
                .iter()
                .all(|problem| problem.severity == Severity::Warning),
            "{problems:?}"
        );
        assert!(
            problems.len() * 20 < first.questions().count(),
            "{problems:?}"
        );
    }
}

/// The real figures (BFCL memory): random .013, .133; BM25 .794, .804; MiniLM .658, .734.
#[test]
fn generated_evidence_ranks_the_floors_as_real_conversations_do() {
    let suite = Suite::load("evidence").unwrap();
    let figures = measure(&suite, 1..4, None);
    for (floor, figures) in &figures {
        println!("evidence {floor}: {figures}");
    }
    let of = |floor: &str, metric: &str| figures[floor][metric];
    for metric in ["hit@1", "answer@256"] {
        for blind in ["random", "recency"] {
            assert!(of(blind, metric) < 0.2, "{blind} {metric}");
        }
        assert!(of("dense", metric) > of("random", metric) + 0.3, "{metric}");
        let lead = of("bm25", metric) - of("dense", metric);
        assert!(
            (0.02..0.3).contains(&lead),
            "BM25 leads dense by {lead:.3} in {metric}"
        );
        assert!(of("bm25", metric) < 0.95, "{metric} leaves room above BM25");
    }
    assert!(of("oracle", "answer@128") > 0.99);
}

/// The real figures (WebArena): random .064, .120, .534; BM25 .929, .970, .750; MiniLM .820, .894, .739.
#[test]
fn generated_transfer_ranks_the_floors_as_real_tasks_do() {
    let suite = Suite::load("transfer").unwrap();
    let figures = measure(&suite, 1..4, None);
    for (floor, figures) in &figures {
        println!("transfer {floor}: {figures}");
    }
    let of = |floor: &str, metric: &str| figures[floor][metric];
    for blind in ["random", "recency"] {
        assert!(
            of(blind, "hit@1") < 0.1 && of(blind, "recall@5") < 0.2,
            "{blind}"
        );
        assert!((of(blind, "outcome-auc") - 0.5).abs() < 0.08, "{blind}");
    }
    let lead = of("bm25", "hit@1") - of("dense", "hit@1");
    assert!((0.02..0.2).contains(&lead), "BM25 leads dense by {lead:.3}");
    assert!(of("dense", "hit@1") > 0.65 && of("bm25", "hit@1") < 0.97);
    for knowing in ["bm25", "dense"] {
        assert!(
            (0.62..0.85).contains(&of(knowing, "outcome-auc")),
            "{knowing}"
        );
    }
    assert!(of("oracle", "hit@1") > 0.999);
}

#[test]
fn the_example_of_the_format_is_sound() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/suite.jsonl");
    let suite = Suite::load(path).unwrap();
    assert_eq!(check(&suite), []);
    let figures = measure(&suite, 1..2, None);
    assert_eq!(figures["oracle"]["answer@32"], 1.0);
}

/// Small talk in a language, a fact in the middle of it, and a question about the fact.
struct Talk {
    language: &'static str,
    small_talk: [&'static str; 3],
    fact: &'static str,
    question: &'static str,
    answer: &'static str,
}

const TALKS: [Talk; 10] = [
    Talk {
        language: "English",
        small_talk: [
            "He said that the meeting would be moved to the afternoon of next week.",
            "Today I went to the market to buy vegetables and fruit with my mother.",
            "The weather was fine this morning and we walked along the river for an hour.",
        ],
        fact: "Our cat is called Momo, and she is five years old today.",
        question: "What is my cat called?",
        answer: "Momo",
    },
    Talk {
        language: "Chinese",
        small_talk: [
            "他说会议会改到下个星期的下午举行",
            "今天我和妈妈一起去市场买了一些蔬菜和水果",
            "早上天气很好我们沿着河边散步了一个小时",
        ],
        fact: "我家的猫叫做莫莫它今天满五岁了",
        question: "我的猫叫什么名字",
        answer: "莫莫",
    },
    Talk {
        language: "Japanese",
        small_talk: [
            "会議は来週の午後に変更になったそうです。",
            "今日は母と一緒に市場で野菜と果物を買いました。",
            "今朝は天気が良かったので川沿いを一時間散歩しました。",
        ],
        fact: "うちの猫の名前はモモといって今日で五歳になりました。",
        question: "私の猫の名前は何ですか",
        answer: "モモ",
    },
    Talk {
        language: "Korean",
        small_talk: [
            "회의가 다음 주 오후로 바뀌었다고 했어요.",
            "오늘 어머니와 함께 시장에서 채소와 과일을 샀어요.",
            "아침에 날씨가 좋아서 강가를 한 시간 걸었어요.",
        ],
        fact: "우리 고양이는 모모라고 하고 오늘 다섯 살이 되었어요.",
        question: "제 고양이의 이름은 무엇인가요?",
        answer: "모모",
    },
    Talk {
        language: "Thai",
        small_talk: [
            "เขาบอกว่าการประชุมจะเลื่อนไปเป็นบ่ายสัปดาห์หน้า",
            "วันนี้ฉันไปตลาดกับแม่เพื่อซื้อผักและผลไม้",
            "เช้านี้อากาศดีเราเดินเล่นริมแม่น้ำหนึ่งชั่วโมง",
        ],
        fact: "แมวของเราชื่อโมโม่อายุครบห้าปีแล้ว",
        question: "แมวของฉันชื่ออะไร",
        answer: "โมโม่",
    },
    Talk {
        language: "Finnish",
        small_talk: [
            "Hän sanoi, että kokous siirtyy ensi viikon iltapäivään.",
            "Tänään kävin äitini kanssa torilla ostamassa vihanneksia ja hedelmiä.",
            "Aamulla oli kaunis sää ja kävelimme joen rannalla tunnin.",
        ],
        fact: "Kissamme nimi on Äiju, ja se täyttää tänään viisi.",
        question: "Mikä on kissani nimi?",
        answer: "ÄIJU",
    },
    Talk {
        language: "Turkish",
        small_talk: [
            "Toplantının gelecek haftanın öğleden sonrasına alındığını söyledi.",
            "Bugün annemle pazara sebze ve meyve almaya gittim.",
            "Sabah hava güzeldi, nehir boyunca bir saat yürüdük.",
        ],
        fact: "Kedimizin adı Işıl, bugün beş yaşına girdi.",
        question: "Kedimin adı ne?",
        answer: "IŞIL",
    },
    Talk {
        language: "German",
        small_talk: [
            "Er sagte, dass die Sitzung auf den Nachmittag der nächsten Woche verlegt wird.",
            "Heute war ich mit meiner Mutter auf dem Markt und habe Gemüse und Obst gekauft.",
            "Heute früh war schönes Wetter, und wir sind eine Stunde am Fluss spaziert.",
        ],
        fact: "Unsere Katze heißt Füßli und ist heute fünf geworden.",
        question: "Wie heisst meine Katze?",
        answer: "FÜSSLI",
    },
    Talk {
        language: "Hindi",
        small_talk: [
            "उसने कहा कि बैठक अगले सप्ताह दोपहर को होगी।",
            "आज मैं माँ के साथ बाज़ार से सब्ज़ियाँ और फल लाई।",
            "सुबह मौसम अच्छा था और हम एक घंटा नदी किनारे टहले।",
        ],
        fact: "हमारी बिल्ली का नाम गुड्डी है और वह आज पाँच साल की हुई।",
        question: "मेरी बिल्ली का नाम क्या है?",
        answer: "गुड्डी",
    },
    Talk {
        language: "Arabic",
        small_talk: [
            "قال إن الاجتماع سينقل إلى بعد ظهر الأسبوع القادم.",
            "ذهبت اليوم مع أمي إلى السوق لشراء الخضار والفواكه.",
            "كان الطقس جميلا هذا الصباح ومشينا ساعة على ضفة النهر.",
        ],
        fact: "اسم قطتي لُولُو وقد أتمت اليوم خمس سنوات.",
        question: "ما اسم قطتي؟",
        answer: "لولو",
    },
];

/// The talk as a suite: six times, with the fact at another place each time.
fn talk(talk: &Talk) -> Suite {
    let mut lines = vec![serde_json::json!({
        "format": 1, "name": "talk", "lane": "evidence", "summary": talk.language, "budgets": [32, 128],
        "primary": "answer@32",
    })];
    for stream in 0..6 {
        let place = 7 + stream * 8;
        let steps: Vec<serde_json::Value> = (0..60)
            .map(|step| {
                let text = match step {
                    step if step == place => talk.fact,
                    step => talk.small_talk[(step * 7 + stream) % 3],
                };
                serde_json::json!({"actor": "user", "text": text})
            })
            .collect();
        let stream = format!("s{stream}");
        lines.push(serde_json::json!({
            "stream": stream, "task": {"id": format!("{stream}-talk"), "text": "talk"},
            "attempts": [{"id": format!("{stream}-a"), "steps": steps}],
        }));
        lines.push(serde_json::json!({
            "stream": stream, "stage": 1, "task": {"id": format!("{stream}-q"), "text": talk.question},
            "question": {"answers": [talk.answer], "gold": [{"attempt": format!("{stream}-a"), "step": place}]}, "group": stream,
        }));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.jsonl");
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    std::fs::write(&path, lines.join("\n")).unwrap();
    Suite::load(&path.to_string_lossy()).unwrap()
}

#[test]
fn a_fact_is_found_and_read_in_every_language() {
    for one in &TALKS {
        let language = one.language;
        let suite = talk(one);
        let floors = measure(&suite, 0..1, None);
        assert_eq!(
            floors["bm25"]["answer@32"], 1.0,
            "{language}: {}",
            floors["bm25"]
        );
        assert_eq!(floors["oracle"]["answer@32"], 1.0, "{language}");
        let random = floors["random"]["answer@32"];
        assert!(
            random <= 0.34,
            "{language}: {random} by chance in 32 tokens"
        );
    }
}
