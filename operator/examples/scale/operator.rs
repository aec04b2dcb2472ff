//! The program that is measured, as a process.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::measure::{self, Sample};
use crate::{Arguments, Result};

/// Where it serves its numbers.
const LISTEN: &str = "127.0.0.1:18080";

/// A process that ends with this value.
pub struct Operator {
    process: Child,
    pid: u32,
}

impl Operator {
    /// Starts it; it finds the cluster as we did.
    pub fn start(told: &Arguments) -> Result<Self> {
        let runs = told.runs_max.to_string();
        let process = Command::new(&told.operator)
            .args(["run", "--image", "vitrine.test/none:1", "--log-format", "text"])
            .args(["--listen", LISTEN, "--max-concurrent-runs", &runs])
            .args(["--max-concurrent-runs-per-namespace", &runs])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", told.operator.display()))?;
        let pid = process.id().ok_or("the operator ended at once")?;
        Ok(Self { process, pid })
    }

    /// Its memory, processor time and passes so far.
    pub async fn sample(&self) -> Result<Sample> {
        let text = metrics().await?;
        let passes = measure::value(&text, "vitrine_operator_reconcile_duration_seconds_count");
        measure::process(self.pid, passes.unwrap_or(0.0) as u64)
    }

    /// Until it made no pass for some seconds.
    pub async fn until_it_rests(&self) -> Result<()> {
        let (mut last, mut since, began) = (0, Instant::now(), Instant::now());
        while since.elapsed() < Duration::from_secs(5) {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let passes = match self.sample().await {
                Ok(sample) => sample.passes,
                Err(_) if began.elapsed() < Duration::from_secs(60) => 0, // It does not serve yet.
                Err(error) => return Err(error),
            };
            if passes != last || passes == 0 {
                (last, since) = (passes, Instant::now());
            }
            if began.elapsed() > Duration::from_secs(120) {
                return Err("the operator never rests".into());
            }
        }
        Ok(())
    }

    /// Ends it as Kubernetes would; what it came to.
    pub async fn stop(mut self) -> Result<Sample> {
        let last = measure::process(self.pid, 0)?;
        // The library that could send a signal is not worth a dependency.
        Command::new("kill").arg(self.pid.to_string()).status().await?;
        tokio::time::timeout(Duration::from_secs(30), self.process.wait())
            .await
            .map_err(|_| "the operator does not end when told to")??;
        Ok(last)
    }
}

async fn metrics() -> Result<String> {
    let mut stream = tokio::net::TcpStream::connect(LISTEN).await?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n").await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}
