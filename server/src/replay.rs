//! `kvarium replay`: plays an experiment that was shared as a link, or kept as a script, and says what happened in it.

use std::fmt::Write as _;
use std::io::{self, Read, Write};

use kvarium_engine::world::journal::History;
use kvarium_engine::world::script::Span;
use kvarium_engine::world::share;
use kvarium_engine::world::trace::Happened;

/// Plays what `source` names: a link, a file, or `-` for standard input. Prints every event, unless `quiet`, and then
/// the trace's hash, by which two runs can be compared.
///
/// # Errors
/// There is no such file, the link is damaged, or a line of the script can't be done.
pub fn run(source: &str, quiet: bool) -> Result<(), String> {
    let history = History::from_script(&script(source)?).map_err(|error| error.to_string())?;
    let mut text = String::new();
    if !quiet {
        history.trace().iter().for_each(|happened| line(&mut text, &history, happened));
    }
    let (actions, events, now) = (history.journal().len(), history.world().trace_count(), Span(history.now()));
    let (name, seed, hash) = (&history.scenario().name, history.seed(), history.trace_hash());
    let _ = writeln!(text, "{name}, seed {seed}: {actions} actions, {events} events until {now}, trace {hash:016x}");
    // Whoever reads only the beginning has all that was wanted.
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// The script that a link holds, or a file.
fn script(source: &str) -> Result<String, String> {
    let fragment = source.rsplit_once('#').map_or(source, |(_, fragment)| fragment);
    if share::is_shared(fragment) {
        return share::from_fragment(fragment).map_err(|error| match error {
            share::LinkError::Version => "this link was made by another version of the playground".into(),
            share::LinkError::Damaged => "this link is damaged: was it cut short?".into(),
        });
    }
    if source == "-" {
        let mut text = String::new();
        return io::stdin().read_to_string(&mut text).map(|_| text).map_err(|error| error.to_string());
    }
    std::fs::read_to_string(source).map_err(|error| format!("{source}: {error}"))
}

fn line(text: &mut String, history: &History, happened: &Happened) {
    let node = happened.node.and_then(|id| history.world().node(id));
    let name = node.as_ref().map_or("", |node| node.name);
    let _ = writeln!(
        text,
        "{:>12} {name:6} {:13} {}",
        Span(happened.at).to_string(),
        happened.event.kind(),
        happened.event
    );
}
