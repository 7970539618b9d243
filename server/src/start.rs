//! From the command line to a serving process: everything that happens once, in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kvarium_engine::config::Config;
use kvarium_engine::node::Node;

use crate::arguments::{Arguments, HostOptions};
use crate::config_file::ConfigFile;
use crate::event_loop::EventLoop;
use crate::limits;
use crate::listeners::{Listeners, Wish};
use crate::log::{Format, Log};
use crate::pid_file::PidFile;
use crate::settings::Settings;

/// Serves until a signal or a client ends it. The error is a sentence for the operator.
pub fn server(arguments: &Arguments) -> Result<(), String> {
    let settings = Settings::gather(arguments)?;
    let mut config = settings.config()?;
    enter(&config.dir)?;
    let log = Log::new(named(&config.logfile), arguments.host.log_format);
    fit_clients(&mut config, &log)?;

    let listeners = listen(&config, !settings.mentions("port"))?;
    config.port = listeners.port.into();
    let page = serve_page(&arguments.host)?;
    let _pid_file = match named(&config.pidfile) {
        Some(path) => Some(PidFile::write(&path).map_err(|error| format!("Can't write {}: {error}", path.display()))?),
        None => None,
    };
    let seed = getrandom::u64().map_err(|error| format!("This system gives no random numbers: {error}"))?;
    let keepalive = Duration::from_secs(u64::try_from(config.tcp_keepalive).unwrap_or_default());
    let node = Node::new(config, seed).map_err(|why| format!("Bad configuration: {why}"))?;
    #[cfg(target_os = "linux")]
    {
        crate::large_blocks::keep_free_ones();
        crate::pieces::serve();
    }
    announce(&listeners, page, arguments.host.log_format, &log);
    EventLoop::new(node, listeners, keepalive, log, ConfigFile(settings.file))
        .and_then(EventLoop::run)
        .map_err(|error| format!("The event loop can't go on: {error}"))
}

fn named(path: &str) -> Option<PathBuf> {
    (!path.is_empty()).then(|| PathBuf::from(path))
}

fn enter(folder: &str) -> Result<(), String> {
    std::env::set_current_dir(folder)
        .map_err(|error| format!("Can't go to the folder {folder} that `dir` names: {error}"))
}

/// Lowers `maxclients` to what the system allows, as Redis does.
fn fit_clients(config: &mut Config, log: &Log) -> Result<(), String> {
    let wanted = u32::try_from(config.maxclients).unwrap_or(u32::MAX);
    let possible = limits::clients_that_fit(wanted);
    if possible == wanted {
        return Ok(());
    }
    let explanation = limits::explanation(wanted, possible);
    if possible == 0 {
        return Err(explanation);
    }
    log.warning(&explanation);
    config.maxclients = possible.into();
    Ok(())
}

fn listen(config: &Config, any_port_will_do: bool) -> Result<Listeners, String> {
    let bind: Vec<String> = config.bind.split_whitespace().map(str::to_string).collect();
    let mode = u32::from_str_radix(&config.unixsocketperm, 8)
        .map_err(|_| format!("unixsocketperm takes an octal mode such as 700, not {}", config.unixsocketperm))?;
    let listeners = Listeners::open(&Wish {
        bind: &bind,
        port: u16::try_from(config.port).unwrap_or_default(),
        any_port_will_do,
        backlog: i32::try_from(config.tcp_backlog).unwrap_or(i32::MAX),
        unix: (!config.unixsocket.is_empty()).then(|| (Path::new(&config.unixsocket), mode)),
    })?;
    if listeners.is_empty() {
        return Err(
            "There is nothing to listen on: give a --port with an address to --bind, or a --unixsocket".to_string()
        );
    }
    Ok(listeners)
}

#[cfg(feature = "site")]
fn serve_page(options: &HostOptions) -> Result<Option<SocketAddr>, String> {
    use crate::site;
    if options.http_port == Some(0) {
        return Ok(None);
    }
    site::serve(options.http_bind, options.http_port).map(Some).map_err(|error| {
        let port = options.http_port.unwrap_or(site::DEFAULT_PORT);
        format!("Can't serve the playground on {} port {port}: {error}", options.http_bind)
    })
}

#[cfg(not(feature = "site"))]
fn serve_page(options: &HostOptions) -> Result<Option<SocketAddr>, String> {
    match options.http_port {
        None | Some(0) => Ok(None),
        Some(_) => Err("This binary was built without the playground, so that --http-port can only be 0".to_string()),
    }
}

/// Tells people where to go.
fn announce(listeners: &Listeners, page: Option<SocketAddr>, format: Format, log: &Log) {
    let mut lines: Vec<String> =
        listeners.addresses().iter().map(|address| format!("Redis protocol  {address}")).collect();
    lines.extend(page.map(|address| format!("playground      http://{address}/")));
    match format {
        Format::Text => {
            println!("\nKvarium {}, process {}\n", env!("CARGO_PKG_VERSION"), std::process::id());
            lines.iter().for_each(|line| println!("    {line}"));
            println!();
        }
        Format::Json => lines.iter().for_each(|line| log.notice(line)),
    }
}
