//! A server under measurement: how it is started, what it has used.

use super::resp::Client;
use crate::shell::{command, companion, made, output};
use anyhow::{Context, Result, bail};
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[derive(Clone)]
pub struct Contestant {
    pub name: String,
    pub program: PathBuf,
    /// Words before the settings that all get alike.
    pub words: Vec<String>,
}

/// A started server; ends with this value.
pub struct Running {
    pub port: u16,
    child: Child,
    folder: PathBuf,
}

impl Contestant {
    /// Starts it empty, on a free port, without persistence.
    pub fn start(&self) -> Result<Running> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = made().join("bench").join(format!("{}-{port}", self.name));
        fs::create_dir_all(&folder)?;
        let log = fs::File::create(folder.join("log"))?;
        let mut server = companion(&self.program);
        server.args(&self.words).args(["--port", &port.to_string(), "--save", "", "--appendonly", "no"]);
        server.arg("--dir").arg(&folder).stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log));
        let child = server.spawn().with_context(|| format!("can't start {}", self.program.display()))?;
        let mut running = Running { port, child, folder };
        running.wait().with_context(|| format!("{} does not work", self.name))?;
        Ok(running)
    }
}

impl Running {
    fn wait(&mut self) -> Result<()> {
        for _ in 0..100 {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("it ended ({status}): {}", log.trim());
            }
            if self.client().and_then(|mut client| client.call(&["PING"])).is_ok_and(|reply| reply == "PONG") {
                return Ok(());
            }
            sleep(Duration::from_millis(100));
        }
        bail!("it does not answer PING")
    }

    pub fn client(&self) -> Result<Client> {
        Client::connect(self.port)
    }

    /// How long each PING takes until `over` says so, the longest last.
    pub fn ping(&self, over: &AtomicBool) -> Result<Vec<Duration>> {
        const PAUSE: Duration = Duration::from_micros(200);
        let (mut client, mut waits) = (self.client()?, Vec::new());
        while !over.load(Ordering::Relaxed) {
            let asked = Instant::now();
            client.call(&["PING"])?;
            waits.push(asked.elapsed());
            sleep(PAUSE);
        }
        waits.sort();
        Ok(waits)
    }

    /// Seconds of processor time used so far, by all its threads, in and for it.
    pub fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        Ok(ticks(&stat).context("/proc tells no processor time")? as f64 / ticks_per_second()?)
    }

    /// Bytes that it holds in memory.
    pub fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kilobytes.context("/proc tells no resident memory")? * 1024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// User and system time in a line of `/proc/PID/stat`: the 14th and 15th fields, of which the second is a name that may
/// hold blanks and ends with the last parenthesis.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn ticks_per_second() -> Result<f64> {
    static TICKS: OnceLock<f64> = OnceLock::new();
    if TICKS.get().is_none() {
        let _ = TICKS.set(output(command("getconf").arg("CLK_TCK"))?.trim().parse()?);
    }
    Ok(TICKS.get().copied().expect("it was set a line above"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_a_name_with_blanks() {
        let stat = "7 (a ) name) S 1 7 7 0 -1 4194304 90 0 0 0 250 31 0 0 20 0 4 0 100 1000 200";
        assert_eq!(ticks(stat), Some(281));
        assert_eq!(ticks("7 (short) S 1"), None);
    }
}
