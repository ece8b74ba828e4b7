//! A comparison that is ready to be run: everything is loaded and checked, and its manifest says what it is.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use memhost::config::Config;
use memhost::engine::Engine;
use memhost::model::{Cassette, Models};
use memhost::settings;
use memhost::store::Store;
use memhost_eval::compare::directory::ResultDirectory;
use memhost_eval::compare::manifest::{
    FoundCassette, FoundFile, FoundPlugin, Machine, Part, Shard, Versions, digest_of_file,
};
use memhost_eval::compare::{
    CellKey, Comparison, Conditions, Contest, Contestant, Design, Finish, HostRunner,
    MOST_REPETITIONS, Manifest, PlannedCell, Unfit, schedule, summary,
};
use memhost_eval::driver::{Acting, Actors, Testbed};

use super::cost::{check_cost, say_costs};
use super::{
    Agent, Options, StorePlace, check_agent, check_models, jobs, load_suites, model_caveats,
    replayed, run_name, say_warnings, testbed, warn_of_unrecorded,
};
use crate::plugins::Choice;
use crate::{Failure, check, hint, outage, output, plugins, progress, setup};

/// A comparison that is ready to be run.
pub struct Prepared {
    /// What is compared, and what is known of this run of it.
    pub manifest: Manifest,
    comparison: Comparison,
    actors: Actors,
    runner: Arc<HostRunner>,
    directory: Option<ResultDirectory>,
    place: StorePlace,
    jobs: NonZeroUsize,
}

impl Prepared {
    /// Loads and checks all that a comparison takes, so that one which cannot end well is not begun. Nothing is
    /// written before all has been looked at, so that one which is refused leaves everything as it was.
    ///
    /// # Errors
    /// If anything is missing or does not fit.
    pub async fn new(options: &Options, config: Config) -> Result<Prepared, Failure> {
        let output = options.output.as_deref();
        if let Some(output) = output {
            ResultDirectory::look(output).map_err(Failure::failed)?;
        }
        if options.runs_per_seed() > MOST_REPETITIONS {
            return Err(Failure::usage(format!(
                "--orders {} in both orders are more than {MOST_REPETITIONS} runs per seed",
                options.orders
            )));
        }
        let (suite_names, suites) = load_suites(&options.suites)?;
        let engine = setup::engine(&config)?;
        let Cast {
            found,
            plugins,
            unfit,
            models,
            replay,
            acting,
        } = Cast::new(Wanted::of(options), &config, &engine).await?;
        let actors = Actors::of(acting, &models);
        let mut contests = Vec::new();
        for suite in suites {
            let suite = match acting {
                Acting::Reader => suite,
                Acting::Model => suite.for_a_model(),
            };
            let contest = Contest::new(suite, &plugins, actors).await;
            contests.push(contest.map_err(Failure::failed)?);
        }
        check_cost(&contests, options, actors)?;
        let comparison = Comparison {
            run: run_name().map_err(Failure::failed)?,
            contests,
            seeds: options.seeds,
            orders: options.runs_per_seed(),
            most_memories: options.memories,
            unfit,
        };
        let embedder = config.embedder().await.map_err(Failure::failed)?;
        let place = StorePlace::choose(&config, output)?;
        let look = Store::look(&place.uri, embedder.as_ref()).await;
        look.map_err(Failure::failed)?;

        let record = options.record.as_deref();
        let record = record.map(|file| Cassette::record(file, &models));
        let cassette = replay.or(record.transpose().map_err(Failure::failed)?);
        let testbed = Testbed {
            order: options.order.into(),
            told: options.told.into(),
            ..testbed(&config, models, embedder, &place.uri, acting).await?
        };
        let directory = output.map(ResultDirectory::open);
        let directory = directory.transpose().map_err(Failure::failed)?;
        if let Some(damage) = directory.as_ref().and_then(ResultDirectory::damage) {
            output::say(format_args!("warning: {damage}"));
        }
        let embedder_caveat = hint::caveat_of(testbed.embedder.as_ref());
        let design = Design {
            embedder_caveat,
            ..Design::of(
                &comparison,
                &Conditions::of(&testbed),
                model_caveats(&testbed.models),
            )
        };
        let jobs = jobs(options.jobs);
        let part = Part {
            shard: options.shard.unwrap_or(Shard::WHOLE),
            run: options.replay.is_none().then(|| comparison.run.clone()),
            jobs: options.replay.is_none().then_some(jobs.get()),
            machine: Some(Machine::here()),
            directory: std::env::current_dir().map_err(Failure::failed)?,
            plugins: found,
            suites: suite_names,
            cassette: found_cassette(options)?,
            outcomes: Default::default(),
        };
        let manifest = Manifest {
            format: summary::FORMAT,
            versions: Versions::here(),
            design,
            configuration: config.to_be_shown(),
            replayed: match &options.replay {
                Some(_) => part.cassette.as_ref().and_then(|c| c.digest.clone()),
                None => None,
            },
            part,
        };
        let runner = HostRunner {
            testbed,
            cassette,
            run: comparison.run.clone(),
            kept: Default::default(),
        };
        Ok(Prepared {
            manifest,
            comparison,
            actors,
            runner: Arc::new(runner),
            directory,
            place,
            jobs,
        })
    }

    /// Runs the cells whose place and key are wanted, and notes in the manifest what came of them. What an earlier
    /// run of the same comparison into the same directory noted stays there.
    ///
    /// # Errors
    /// If the comparison cannot go on.
    pub async fn run(
        &mut self,
        wanted: impl Fn(usize, &CellKey) -> bool,
    ) -> Result<Finish, Failure> {
        self.go_on_from_earlier();
        self.keep_manifest()?;
        let cells = self.comparison.cells(&self.manifest.design);
        let cells: Vec<PlannedCell> = cells
            .into_iter()
            .enumerate()
            .filter(|(place, cell)| wanted(*place, &cell.key))
            .map(|(_, cell)| cell)
            .collect();
        let files = self.directory.as_ref().map(ResultDirectory::cells);
        say_costs(&self.comparison, self.actors, files, &cells);
        let watcher = progress::watcher(cells.len());
        let finish = schedule::run(
            &cells,
            self.runner.clone(),
            files,
            self.jobs,
            watcher.as_ref(),
            outage::stop(&self.runner.testbed, |what| watcher.failing(what)),
        )
        .await
        .map_err(Failure::failed)?;
        drop(watcher);
        let finish = match &self.runner.cassette {
            Some(cassette) if cassette.is_replay() => replayed(cassette, finish)?,
            Some(cassette) => {
                warn_of_unrecorded(cassette, &cells, &finish);
                finish
            }
            None => finish,
        };
        for (cell, outcome) in cells.iter().zip(&finish.outcomes) {
            self.manifest.note(&cell.key, outcome);
        }
        if let Some(cassette) = &mut self.manifest.part.cassette {
            let digest = digest_of_file(&cassette.path).map_err(Failure::failed)?;
            cassette.digest = Some(digest);
        }
        self.keep_manifest()?;
        Ok(finish)
    }

    fn go_on_from_earlier(&mut self) {
        let Some(directory) = &self.directory else {
            return;
        };
        let Some(earlier) = directory.earlier() else {
            return;
        };
        match earlier.differences(&self.manifest).first() {
            None => self.manifest.part.outcomes = earlier.part.outcomes.clone(),
            Some(first) => output::say(format_args!(
                "note: `{}` holds another comparison ({first}): its finished cells are kept, manifest and reports are \
                 written anew",
                directory.path().display()
            )),
        }
    }

    fn keep_manifest(&self) -> Result<(), Failure> {
        match &self.directory {
            Some(directory) => directory.write(&self.manifest).map_err(Failure::failed),
            None => Ok(()),
        }
    }

    /// Leaves the store as whoever reads it later wants it.
    ///
    /// # Errors
    /// If the store refuses.
    pub async fn close(self) -> Result<(), Failure> {
        if !self.place.is_kept() {
            return Ok(());
        }
        let store = &self.runner.testbed.store;
        let closed = store.close().await.map_err(Failure::failed);
        say_warnings(store);
        closed
    }
}

/// Who takes part, and who answers and acts for them.
pub struct Cast {
    /// Every plugin that was asked for, in the order given.
    pub found: Vec<FoundPlugin>,
    /// Those of them that may be ranked.
    pub plugins: Vec<Contestant>,
    /// Why the others may not.
    pub unfit: Vec<Unfit>,
    /// What answers model calls; stand-ins if they are replayed.
    pub models: Arc<Models>,
    /// What they are replayed from.
    pub replay: Option<Cassette>,
    /// Who acts on the guidance.
    pub acting: Acting,
}

/// Who is asked to take part.
pub struct Wanted<'a> {
    /// Plugins, as they were given.
    pub plugins: &'a [String],
    /// Parameters of theirs.
    pub choices: &'a [Choice],
    /// Whether each is checked first.
    pub checked: bool,
    /// The cassette that answers every model call.
    pub replay: Option<&'a Path>,
    /// Who acts on the guidance.
    pub agent: Agent,
}

impl<'a> Wanted<'a> {
    fn of(options: &'a Options) -> Wanted<'a> {
        Wanted {
            plugins: &options.plugins,
            choices: &options.choices,
            checked: !options.no_check,
            replay: options.replay.as_deref(),
            agent: options.agent,
        }
    }
}

impl Cast {
    /// Loads the plugins and finds them models.
    ///
    /// # Errors
    /// If one of either is missing or does not fit.
    pub async fn new(
        wanted: Wanted<'_>,
        config: &Config,
        engine: &Engine,
    ) -> Result<Cast, Failure> {
        let plugins = plugins::contestants(engine, wanted.plugins, wanted.choices).await?;
        let found = found(wanted.plugins, &plugins)?;
        let (plugins, unfit) = match wanted.checked {
            true => check::fit(engine, config, wanted.plugins, plugins).await?,
            false => (plugins, Vec::new()),
        };
        let replay = wanted.replay.map(Cassette::replay);
        let replay = replay.transpose().map_err(Failure::failed)?;
        let models = Arc::new(match &replay {
            Some(cassette) => cassette.recorded_models(),
            None => config.models().map_err(Failure::failed)?,
        });
        let acting = Acting::from(wanted.agent);
        check_agent(acting, &models)?;
        check_models(&plugins, &models, acting).await?;
        Ok(Cast {
            found,
            plugins,
            unfit,
            models,
            replay,
            acting,
        })
    }
}

/// Each plugin with its files.
fn found(given: &[String], contestants: &[Contestant]) -> Result<Vec<FoundPlugin>, Failure> {
    let plugins = given.iter().zip(contestants).map(|(given, contestant)| {
        let layers = plugins::files(given).map_err(Failure::usage)?;
        let files = layers.files().iter().map(|file| FoundFile::at(file));
        let files = files
            .collect::<Result<Vec<_>, _>>()
            .map_err(Failure::failed)?;
        let path = files.first().map(|file| file.path.clone());
        Ok(FoundPlugin {
            given: given.clone(),
            path: path.unwrap_or_default(),
            name: contestant.name().to_owned(),
            digest: contestant.strategy.digest().to_owned(),
            settings: settings::as_text(&contestant.settings),
            // A file that is composed has a digest of its own, which is not that of the strategy.
            layers: match files.as_slice() {
                [one] if one.digest == contestant.strategy.digest() => Vec::new(),
                _ => files,
            },
        })
    });
    plugins.collect()
}

/// The cassette in use. What one that is recorded to will hold is not known yet.
fn found_cassette(options: &Options) -> Result<Option<FoundCassette>, Failure> {
    let cassette = |path: &Path, digest| FoundCassette {
        path: path.to_owned(),
        digest,
    };
    match (&options.record, &options.replay) {
        (Some(path), _) => Ok(Some(cassette(path, None))),
        (None, Some(path)) => {
            let digest = digest_of_file(path).map_err(Failure::failed)?;
            Ok(Some(cassette(path, Some(digest))))
        }
        (None, None) => Ok(None),
    }
}

impl Options {
    /// What runs a manifest's comparison again, with these files in the place of its plugins'.
    ///
    /// # Errors
    /// If its plugins have settings that no command line can give.
    pub fn again(
        manifest: &Manifest,
        files: &[String],
        output: Option<&Path>,
        jobs: Option<NonZeroUsize>,
    ) -> Result<Options, &'static str> {
        let part = &manifest.part;
        let order = manifest.design.conditions.order;
        let mut choices = Vec::new();
        for plugin in &part.plugins {
            for (parameter, value) in &plugin.settings {
                choices.push(format!("{}.{parameter}={value}", plugin.name).parse()?);
            }
        }
        Ok(Options {
            plugins: files.to_vec(),
            suites: part.suites.clone(),
            seeds: manifest.design.seeds,
            orders: manifest.design.orders / order.runs(1),
            choices,
            model: None,
            agent: match manifest.design.conditions.acting {
                Acting::Reader => Agent::Reader,
                Acting::Model => Agent::Model,
            },
            order: order.into(),
            told: manifest.design.conditions.told.into(),
            most_model_calls: None,
            record: None,
            replay: part.cassette.as_ref().map(|cassette| cassette.path.clone()),
            store: setup::StoreFlags::default(),
            output: output.map(Path::to_owned),
            format: super::Format::Table,
            memories: manifest.design.most_memories,
            jobs,
            // What was found unfit then is checked again; what was not took part, checked or not.
            no_check: manifest.design.unfit.is_empty(),
            shard: None,
            config: setup::ConfigFile::default(),
        })
    }
}
