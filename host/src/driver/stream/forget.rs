//! What the strategy lets go, and the host's own policy where it keeps too much.

use crate::contract::{Op, Pressure, Scan};
use crate::store::{View, Write};

use super::super::DriverError;
use super::super::report::Recorder;
use super::StreamRun;

impl StreamRun<'_> {
    pub(super) async fn evict(&mut self, report: &mut Recorder) -> Result<(), DriverError> {
        if self.cell.strategy.phases().evict {
            let memories = self.active_memories()?;
            if memories > 0 {
                self.ask_what_may_go(memories, report).await?;
            }
        }
        self.enforce_budget(report).await
    }

    async fn ask_what_may_go(
        &mut self,
        memories: u32,
        report: &mut Recorder,
    ) -> Result<(), DriverError> {
        let pressure = Pressure {
            memories,
            most_memories: self.cell.most_memories,
            most_tokens: None,
        };
        let context = self.context(View::default());
        let answer = self
            .cell
            .strategy
            .evict(context, pressure, &self.cell.settings)
            .await;
        report.call("evict", &answer.usage);
        match answer.result {
            Ok(ids) => {
                let removals = ids
                    .into_iter()
                    .map(Op::Remove)
                    .map(Write::at_once)
                    .collect();
                self.write(removals, "evict", report).await?;
            }
            Err(error) => report.failed("evict", error.to_string()),
        }
        Ok(())
    }

    /// The host's own policy where the strategy left too many: the oldest go first.
    async fn enforce_budget(&mut self, report: &mut Recorder) -> Result<(), DriverError> {
        let Some(most) = self.cell.most_memories else {
            return Ok(());
        };
        let excess = self.active_memories()?.saturating_sub(most);
        if excess == 0 {
            return Ok(());
        }
        let oldest = Scan {
            filter: Vec::new(),
            order_by: Some("created".into()),
            descending: false,
            offset: 0,
            limit: excess,
            with_vectors: false,
        };
        let rows = self.namespace.scan(&oldest, &View::default())?;
        report.evicted_by_host(rows.len());
        let removals = rows.into_iter().map(|row| Op::Remove(row.memory.id));
        let removals = removals.map(Write::at_once).collect();
        self.write(removals, "evict", report).await?;
        Ok(())
    }
}
