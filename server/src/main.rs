//! The `kvarium` program: what may be asked of it on the command line.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kvarium_server::{arguments, replay, start};

#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: kvarium_server::large_blocks::Allocator = kvarium_server::large_blocks::Allocator;

/// A Redis-compatible database that shows how it works.
#[derive(Parser)]
#[command(name = "kvarium", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves clients over TCP and Unix sockets, and the playground over HTTP.
    ///
    /// Takes what redis-server takes: a configuration file first, any directive of it as `--directive value …`, and
    /// a last `-` for more configuration from standard input.
    ///
    ///     kvarium server /etc/redis.conf --port 7000 --bind 127.0.0.1 -::1
    ///
    /// Besides:
    ///
    ///     --http-port PORT         where the playground is served; 0 for nowhere [default: 8379, or a free one]
    ///     --http-bind ADDRESS      on which address [default: 127.0.0.1]
    ///     --log-format text|json   how log lines look [default: text]
    #[command(verbatim_doc_comment, disable_help_flag = false)]
    Server {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILE | --DIRECTIVE VALUE")]
        arguments: Vec<OsString>,
    },
    /// Plays an experiment of the playground, and prints what happened in it.
    ///
    /// The last line has the hash of the trace: it is the same wherever the experiment is played.
    Replay {
        /// A link that the playground's Share gave, a file with the script, or `-` for standard input.
        source: String,
        /// Prints the last line only.
        #[arg(short, long)]
        quiet: bool,
    },
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Server { arguments } => arguments::parse(&arguments).and_then(|arguments| start::server(&arguments)),
        Command::Replay { source, quiet } => replay::run(&source, quiet),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("kvarium: {why}");
            ExitCode::FAILURE
        }
    }
}
