//! The catalogue: the suites that are built in, and the data sets of others that can be read.

use super::generate;

/// Something that suites can be made from.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// As in `<format>:<path>`, or the name of a built-in suite.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// What the path is to lead to; empty for a built-in suite.
    pub path: &'static str,
}

/// The suites that are always at hand.
pub fn builtin() -> &'static [Format] {
    const {
        &[
            Format {
                name: "evidence",
                summary: generate::evidence::SUMMARY,
                path: "",
            },
            Format {
                name: "transfer",
                summary: generate::transfer::SUMMARY,
                path: "",
            },
            Format {
                name: "routing",
                summary: generate::routing::SUMMARY,
                path: "",
            },
            Format {
                name: "forecast",
                summary: generate::forecast::SUMMARY,
                path: "",
            },
            Format {
                name: "discovery",
                summary: generate::discovery::SUMMARY,
                path: "",
            },
            Format {
                name: "hops",
                summary: generate::hops::SUMMARY,
                path: "",
            },
            Format {
                name: "domains",
                summary: generate::domains::SUMMARY,
                path: "",
            },
            Format {
                name: "steps",
                summary: generate::steps::SUMMARY,
                path: "",
            },
            Format {
                name: "compaction",
                summary: generate::compaction::SUMMARY,
                path: "",
            },
            Format {
                name: "retry",
                summary: generate::retry::SUMMARY,
                path: "",
            },
        ]
    }
}

/// The data sets of others that can be read as their authors publish them.
pub fn formats() -> &'static [Format] {
    const {
        &[
            Format {
                name: "bfcl",
                summary: "BFCL v4 memory (evidence): facts that users mention, and questions about them",
                path: "the folder with BFCL_v4_memory.json, possible_answer/ and memory_prereq_conversation/, or the root of a clone",
            },
            Format {
                name: "locomo",
                summary: "LoCoMo (evidence): very long conversations of two people",
                path: "locomo10.json or another release of it, or a folder with it or with a file for each conversation",
            },
            Format {
                name: "longmemeval",
                summary: "LongMemEval (evidence): questions about many sessions with an assistant",
                path: "longmemeval_s.json, _m or _oracle, or the folder with one",
            },
            Format {
                name: "webarena",
                summary: "WebArena (transfer): web tasks made from templates, online",
                path: "the folder with test.raw.json and, for outcomes, WebArena-AgentOccam.csv",
            },
            Format {
                name: "webarena-cross-template",
                summary: "the same with attempts of the same template withheld: only outcomes can be predicted",
                path: "as for webarena",
            },
            Format {
                name: "tau2",
                summary: "tau2-bench (transfer): customer service tasks and the tool calls that solve them",
                path: "the root of a clone, the folder with <domain>/tasks.json or tau2_<domain>_tasks.json, or one such file",
            },
            Format {
                name: "tau2-pooled",
                summary: "tau2-bench (domains): the same tasks with all domains in one stream",
                path: "as for tau2",
            },
            Format {
                name: "tau2-cross-domain",
                summary: "the same with attempts of the same domain withheld: what is known must come from another",
                path: "as for tau2",
            },
            Format {
                name: "tau-bench",
                summary: "tau-bench (transfer): recorded trajectories with their reward",
                path: "a file of historical_trajectories/, or the folder with gpt-4o-airline.json",
            },
            Format {
                name: "tau-bench-steps",
                summary: "the same (steps): after each tool, which one comes next",
                path: "as for tau-bench",
            },
            Format {
                name: "tau-bench-compaction",
                summary: "the same (compaction): what later calls need of runs that have become long",
                path: "as for tau-bench",
            },
            Format {
                name: "gsm8k",
                summary: "GSM8K (routing): word problems solved by four models; memory should not help here",
                path: "example_model_solutions.jsonl, or the folder with it",
            },
            Format {
                name: "forecastbench",
                summary: "ForecastBench (forecast): questions about the future, with outcomes that arrive late",
                path: "the folder with question_sets/ and resolution_sets/; sets without outcomes are left out",
            },
            Format {
                name: "clippy-ui",
                summary: "rust-clippy's UI tests (discovery): Rust files with an unknown number of annotated problems",
                path: "the folder with tests/ui/, or that folder",
            },
            Format {
                name: "hotpotqa",
                summary: "HotpotQA (hops): questions of Reflexion's logs, with the two paragraphs that answer each",
                path: "the folder with the *_trials.txt files and, for paragraphs about something else, HippoRAG's 2wikimultihopqa_corpus.json",
            },
            Format {
                name: "reflexion-hotpotqa",
                summary: "Reflexion's HotpotQA logs (attempts): learning curves over several trials",
                path: "the folder with the *_trials.txt files, or one of them",
            },
        ]
    }
}
