//! Numbers of processes and of the API server.

use std::collections::BTreeMap;

use axum::http::Request;
use kube::Client;
use serde::Serialize;

use crate::Result;

/// Ticks of a processor's clock a second: what Linux has shown programs for decades.
const TICKS: f64 = 100.0;

/// A process at one moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sample {
    /// Resident now, in MB of 10^6 bytes.
    pub resident_mb: f64,
    /// Resident at most.
    pub peak_mb: f64,
    /// Seconds of a processor.
    pub cpu_secs: f64,
    /// Passes over libraries.
    pub passes: u64,
}

/// The process `pid`.
pub fn process(pid: u32, passes: u64) -> Result<Sample> {
    let gone = |error| format!("the operator is gone: {error}");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).map_err(gone)?;
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.map_or(f64::NAN, |kib| kib * 1024.0 / 1e6)
    };
    let (resident_mb, peak_mb) = (megabytes("VmRSS:"), megabytes("VmHWM:"));
    Ok(Sample { resident_mb, peak_mb, cpu_secs: cpu_secs(&pid.to_string()), passes })
}

fn cpu_secs(pid: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in parentheses, may hold spaces.
    let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
    let ticks = after.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS
}

/// Seconds of a processor that the API server and etcd took.
pub fn api_server_cpu_secs() -> f64 {
    let Ok(all) = std::fs::read_dir("/proc") else { return f64::NAN };
    let pids = all.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let servers = pids.filter(|pid| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split('\0');
        words.next().is_some_and(|program| program.ends_with("hyperkube"))
            && words.next().is_some_and(|part| matches!(part, "kube-apiserver" | "etcd"))
    });
    servers.map(|pid| cpu_secs(&pid)).sum()
}

/// Requests that the API server answered, by what was asked for.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Requests(pub BTreeMap<String, u64>);

/// Requests so far.
pub async fn requests(client: &Client) -> Result<Requests> {
    let request = Request::get("/metrics").body(Vec::new())?;
    let text = client.request_text(request).await?;
    let mut all = BTreeMap::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("apiserver_request_total{") else { continue };
        let Some((labels, count)) = rest.rsplit_once("} ") else { continue };
        let label = |name: &str| {
            let start = labels.find(&format!("{name}=\"")).map(|at| at + name.len() + 2);
            start.and_then(|start| labels[start..].split('"').next()).unwrap_or_default()
        };
        let of = match label("subresource") {
            "" => label("resource").to_owned(),
            part => format!("{}/{part}", label("resource")),
        };
        let count: f64 = count.trim().parse().unwrap_or(0.0);
        let what = format!("{} {of}", label("verb"));
        let what = match label("code").parse::<u16>() {
            Ok(code @ 400..) => format!("{what} ({code})"),
            _ => what,
        };
        *all.entry(what).or_insert(0) += count as u64;
    }
    Ok(Requests(all))
}

impl Requests {
    /// What came after `before`.
    pub fn since(&self, before: &Self) -> Self {
        let left = self
            .0
            .iter()
            .map(|(what, count)| (what.clone(), count - before.0.get(what).unwrap_or(&0)));
        Self(left.filter(|(_, count)| *count > 0).collect())
    }

    /// What only the operator asks for: nobody else writes these, nor asks for them.
    pub fn of_the_operator(self) -> Self {
        let all = self.0.into_iter().filter(|(what, _)| {
            let (verb, of) = what.split_once(' ').unwrap_or_default();
            let of = of.split(' ').next().unwrap_or_default();
            match of {
                "assetlibraries" | "jobs" => verb != "WATCH" && verb != "LIST",
                "assetlibraries/status" | "networkpolicies" | "configmaps" | "events" => true,
                "namespaces" => verb == "GET",
                "pods" => verb != "POST",
                _ => false,
            }
        });
        Self(all.collect())
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// The number called `name` in the text of a server's numbers.
pub fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}
