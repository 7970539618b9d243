//! What `cargo` alone can't do: build the site, install the peers, run everything.

mod bench;
mod dist;
mod flags;
mod fuzz;
mod install;
mod peers;
mod play;
mod shell;
mod site;
mod suite;

use crate::flags::Flags;
use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  build-site [--dev]    builds the page into target/site; without --dev the one that is shipped
  play [--port N] [--http N] [--release]
                        builds and starts the playground and the server, and builds again what changes
  test [--only NAME] [--fast]
                        runs everything that must hold; --fast leaves out what needs the whole server or page
  peers                 installs the real servers that ours is compared with
  bench [throughput|memory|stall|commands|expiry|eviction] [--quick] [--rounds N] [--requests N] [--only NAMES] [--peer NAME=PATH]...
         [--ours PATH]   measures ours beside them
  fuzz [--target NAME] [--runs N]
                        feeds ten million inputs, or N, to each reader of outside bytes
  dist                  builds target/dist/kvarium: the server with the page inside, needing no library
";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<ExitCode> {
    let Some(command) = arguments.next() else {
        print!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    };
    let mut flags = Flags::new(arguments);
    match command.as_str() {
        "build-site" => {
            let quality = if flags.has("--dev") { site::Quality::Dev } else { site::Quality::Release };
            flags.done()?;
            site::build(quality)?.print();
            Ok(ExitCode::SUCCESS)
        }
        "play" => {
            let options = play::Options {
                port: flags.value("--port")?,
                http_port: flags.value("--http")?,
                release: flags.has("--release"),
            };
            flags.done()?;
            play::play(&options)?;
            Ok(ExitCode::SUCCESS)
        }
        "test" => {
            let options = suite::Options { only: flags.value("--only")?, fast: flags.has("--fast") };
            flags.done()?;
            // The tally is the last line, whatever it says.
            Ok(if suite::test(&options)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        "fuzz" => {
            let options = fuzz::Options { target: flags.value("--target")?, runs: flags.value("--runs")? };
            flags.done()?;
            fuzz::fuzz(&options)?;
            Ok(ExitCode::SUCCESS)
        }
        "peers" => {
            flags.done()?;
            peers::install()?;
            Ok(ExitCode::SUCCESS)
        }
        "bench" => {
            let options = bench::Options {
                peers: flags.values("--peer")?,
                ours: flags.value("--ours")?,
                rounds: flags.value("--rounds")?,
                requests: flags.value("--requests")?,
                only: flags.value("--only")?,
                quick: flags.has("--quick"),
                what: flags.word(),
            };
            flags.done()?;
            bench::bench(&options)?;
            Ok(ExitCode::SUCCESS)
        }
        "dist" => {
            flags.done()?;
            dist::dist()?;
            Ok(ExitCode::SUCCESS)
        }
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        other => bail!("there is no command {other:?}\n\n{USAGE}"),
    }
}
