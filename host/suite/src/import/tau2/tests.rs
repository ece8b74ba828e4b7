use super::*;

fn tasks_of(tool: &str) -> String {
    format!(
        r#"[{{"id": "0", "user_scenario": {{"instructions": "Do it."}}, "evaluation_criteria": {{"actions": [{{"name": "{tool}"}}]}}}},
                {{"id": 1, "user_scenario": "Do it again.", "evaluation_criteria": {{"actions": [{{"name": "{tool}"}}]}}}}]"#
    )
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

fn streams(suite: &Suite) -> Vec<&str> {
    suite
        .streams
        .iter()
        .map(|stream| stream.name.as_str())
        .collect()
}

#[test]
fn domains_are_pooled_and_what_no_other_has_is_said() {
    let (shared, own) = (tasks_of("ask"), tasks_of("pay"));
    let files = [
        ("tau2_retail_tasks.json", shared.as_str()),
        ("tau2_airline_tasks.json", shared.as_str()),
        ("tau2_banking_tasks.json", own.as_str()),
    ];
    let folder = folder(&files);
    let pooled = read_pooled(folder.path(), Pool::Pooled).unwrap();
    assert_eq!(
        (streams(&pooled), pooled.questions().count()),
        (vec!["pool"], 6)
    );
    assert_eq!(pooled.left_out, Vec::<String>::new());
    let across = read_pooled(folder.path(), Pool::CrossDomain).unwrap();
    assert_eq!(
        (across.lane, across.questions().count()),
        (Lane::Domains, 4)
    );
    assert_eq!(
        across.left_out,
        ["2 questions: no other domain has any of the tools that they need"]
    );
    let one = folder.path().join("tau2_retail_tasks.json");
    let said = read_pooled(&one, Pool::CrossDomain)
        .unwrap_err()
        .to_string();
    assert!(said.contains("one domain"), "{said}");

    let cut = &shared[..shared.len() / 2];
    let files = [
        ("tau2_retail_tasks.json", shared.as_str()),
        ("tau2_airline_tasks.json", cut),
    ];
    let folder = self::folder(&files);
    let said = read_pooled(folder.path(), Pool::Pooled).unwrap_err();
    let said = said.to_string();
    assert!(
        said.contains("only one domain in it can be read: domain airline"),
        "{said}"
    );
    assert!(said.contains("EOF while parsing"), "{said}");
}

#[test]
fn every_domain_of_a_clone_is_read_from_wherever_one_points() {
    let tasks = tasks_of("act");
    let domains = ["airline", "mock", "retail", "telecom", "banking_knowledge"];
    let files = domains.map(|domain| format!("data/tau2/domains/{domain}/tasks.json"));
    let mut files: Vec<(&str, &str)> = files
        .iter()
        .map(|file| (file.as_str(), tasks.as_str()))
        .collect();
    files.push(("data/tau2/domains/telecom/tasks_full.json", "[]"));
    files.push(("data/tau2/domains/telecom/split_tasks.json", "{}"));
    files.push(("data/tau2/domains/novel/policy.md", "Be brief."));
    files.push(("data/tau2/domains/broken/tasks.json", "[{\"id\": true}]"));
    files.push(("src/tau2/cli.py", ""));
    let folder = folder(&files);
    let suite = read(folder.path()).unwrap();
    assert_eq!(
        streams(&suite),
        ["retail", "airline", "banking", "mock", "telecom"]
    );
    assert_eq!(suite.questions().count(), 10);
    let [no_tasks, full, broken] = suite.left_out.as_slice() else {
        panic!("{:?}", suite.left_out);
    };
    assert_eq!(no_tasks, "folder novel: there is no tasks.json in it");
    assert_eq!(
        full,
        "telecom/tasks_full.json: tasks.json beside it is read"
    );
    assert_eq!(
        broken,
        "domain broken: tasks.json, line 1, field `[0].id`: column 13: invalid type: boolean, expected a string or a \
             number"
    );
    for below in ["data", "data/tau2", "data/tau2/domains"] {
        assert_eq!(read(&folder.path().join(below)).unwrap(), suite, "{below}");
    }
    let one = read(&folder.path().join("data/tau2/domains/mock")).unwrap();
    assert_eq!(streams(&one), ["mock"]);
    assert_eq!(
        read(&folder.path().join("data/tau2/domains/mock/tasks.json")).unwrap(),
        one
    );
    assert!(read(&folder.path().join("data/tau2/domains/broken/tasks.json")).is_err());
}

#[test]
fn domains_may_be_files_or_folders_of_files() {
    let tasks = tasks_of("act");
    let task = r#"{"id": "7", "user_scenario": {"instructions": "Do it."}, "evaluation_criteria": {"actions": [{"name": "act"}]}}"#;
    let folder = folder(&[
        ("tau2_retail_tasks.json", &tasks),
        ("tau2_telecom_tasks.json", &tasks),
        ("tau2_telecom_tasks_small.json", &tasks),
        ("bank/tasks/task_1.json", task),
        ("bank/tasks/task_2.json", &task.replace('7', "8")),
        ("bank/tasks/task_3.json", task),
        ("notes/readme.md", ""),
    ]);
    let suite = read(folder.path()).unwrap();
    assert_eq!(streams(&suite), ["retail", "bank", "telecom"]);
    assert_eq!(suite.questions().count(), 6);
    assert_eq!(
        suite.left_out,
        [
            "tau2_telecom_tasks_small.json: not named tau2_<domain>_tasks.json",
            "1 task: domain bank has a task of the same id before",
        ]
    );
}

#[test]
fn tasks_without_actions_are_counted() {
    let none = r#"[{"id": "0", "user_scenario": "Hi", "evaluation_criteria": {"actions": null}}, {"id": "1", "user_scenario": "Hi", "evaluation_criteria": null}]"#;
    let folder = folder(&[
        ("retail/tasks.json", &tasks_of("act")),
        ("mock/tasks.json", none),
    ]);
    let suite = read(folder.path()).unwrap();
    assert_eq!(streams(&suite), ["retail"]);
    assert_eq!(
        suite.left_out,
        [
            "domain mock: none of its tasks has gold actions",
            "2 tasks: without gold actions"
        ]
    );
    let said = read(&folder.path().join("mock")).unwrap_err().to_string();
    assert!(
        said.contains("none of its tasks has gold actions"),
        "{said}"
    );
}
