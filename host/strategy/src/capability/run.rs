//! The interface `run`: the run's clock and counters, random bits from its seed, and the log.

use memhost_contract::generated::memhost::strategy::run::{Host, Instant, Level};
use rand::RngCore;

use super::Capabilities;

impl Host for Capabilities {
    async fn now(&mut self) -> wasmtime::Result<Instant> {
        self.begin().await?;
        Ok(self.context.run.now)
    }

    async fn task_number(&mut self) -> wasmtime::Result<u32> {
        self.begin().await?;
        Ok(self.context.run.task_number)
    }

    async fn batch_number(&mut self) -> wasmtime::Result<u32> {
        self.begin().await?;
        Ok(self.context.run.batch_number)
    }

    async fn random(&mut self) -> wasmtime::Result<u32> {
        self.begin().await?;
        Ok(self.random.next_u32())
    }

    async fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.begin().await?;
        Capabilities::log(self).line(level, &message)?;
        Ok(())
    }
}
