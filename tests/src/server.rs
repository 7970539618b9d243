//! Real server processes for tests: built when needed, started on free ports, gone when the test is.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::client::Client;

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);

/// A running server. When this is dropped it ends, and its folder goes.
pub struct Server {
    child: Child,
    line: Vec<String>,
    pub port: u16,
    /// Where it works, and nobody else.
    pub folder: PathBuf,
}

impl Server {
    /// Starts our server with these arguments. Unless they say otherwise it listens on a free port of the loopback, and
    /// serves no page.
    pub fn start(arguments: &[&str]) -> Server {
        let program = [kvarium().to_str().expect("a path in UTF-8"), "server"];
        Server::start_program(&program, arguments, &[("--bind", "127.0.0.1"), ("--http-port", "0")])
    }

    /// The same, in a process that may have only so many files open.
    pub fn start_with_files(files: u32, arguments: &[&str]) -> Server {
        let limit = format!("ulimit -n {files}; exec \"$@\"");
        let program = ["sh", "-c", &limit, "sh", kvarium().to_str().expect("a path in UTF-8"), "server"];
        Server::start_program(&program, arguments, &[("--bind", "127.0.0.1"), ("--http-port", "0")])
    }

    /// Starts another program that takes redis-server's arguments, keeping nothing on the disk; `None` where it is not
    /// installed.
    pub fn start_peer(program: &str, arguments: &[&str]) -> Option<Server> {
        let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok().then(|| {
            let defaults = [("--bind", "127.0.0.1"), ("--save", ""), ("--appendonly", "no")];
            Server::start_program(&[program], arguments, &defaults)
        })
    }

    fn start_program(program: &[&str], arguments: &[&str], defaults: &[(&str, &str)]) -> Server {
        let port_is_asked_for = arguments.contains(&"--port");
        let mut line: Vec<&str> = [program, arguments].concat();
        for (name, value) in defaults {
            if !arguments.contains(name) {
                line.extend([name, value]);
            }
        }
        // Somebody else may take the port between the moment it is found free and the moment it is used.
        let mut attempts = if port_is_asked_for { 1 } else { 5 };
        loop {
            let port = if port_is_asked_for { argument_of(arguments, "--port") } else { free_port() };
            let number = port.to_string();
            let with_port = if port_is_asked_for { vec![] } else { vec!["--port", &number] };
            let mut server = Server::spawn([&line[..], &with_port].concat(), port);
            attempts -= 1;
            match server.wait_until_ready() {
                Ok(()) => return server,
                Err(why) if attempts == 0 => panic!("{:?} did not start: {why}\n{}", server.line, server.log()),
                Err(_) => {}
            }
        }
    }

    fn spawn(line: Vec<&str>, port: u16) -> Server {
        let line: Vec<String> = line.into_iter().map(str::to_string).collect();
        let folder = new_folder();
        Server { child: spawn(&line, &folder), line, port, folder }
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return Err(format!("it ended: {status}"));
            }
            if self.port == 0 || answers(self.port) {
                return Ok(());
            }
            sleep(POLL);
        }
        Err(format!("it did not listen within {PATIENCE:?}"))
    }

    /// A new connection.
    pub fn connect(&self) -> Client {
        Client::connect(self.port)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join("log")).unwrap_or_default()).into_owned()
    }

    /// Memory that the process holds, in bytes.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("a process that lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of memory");
        1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("kilobytes")
    }

    /// Sends a signal, by its name without SIG.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status().expect("kill runs");
        assert!(status.success(), "kill -s {name} failed");
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status;
            }
            assert!(Instant::now() < end, "the server did not end within {PATIENCE:?}:\n{}", self.log());
            sleep(POLL);
        }
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }

    /// Ends the process with SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts the process again as it was, after it ended, in the folder that it left behind.
    pub fn start_again(&mut self) {
        assert!(!self.is_running(), "it still runs");
        self.child = spawn(&self.line, &self.folder);
        if let Err(why) = self.wait_until_ready() {
            panic!("{:?} did not start again: {why}\n{}", self.line, self.log());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Whether somebody at this port answers, were it with a refusal. When this returns, the connection it took is gone.
pub fn answers(port: u16) -> bool {
    let quit = || -> std::io::Result<usize> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.write_all(b"QUIT\r\n")?;
        stream.read_to_end(&mut Vec::new())
    };
    quit().is_ok_and(|count| count > 0)
}

/// What comes of a server that is not expected to stay: its exit status, and all it said.
pub fn run_to_end(arguments: &[&str]) -> (ExitStatus, String) {
    let output = Command::new(kvarium()).arg("server").args(arguments).stdin(Stdio::null()).output().expect("it runs");
    (output.status, String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// A port that nobody listens on at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// An empty folder of the test's own, which somebody has to remove.
pub fn new_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("kvarium-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).expect("a new folder");
    folder
}

/// The `kvarium` program: the one that `KVARIUM` names, or the one of this workspace as its sources are now.
pub fn kvarium() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("KVARIUM") {
        Some(path) => PathBuf::from(path),
        None => build(),
    })
}

/// Builds the program with the profile of this very test, so that cargo has put it where it put the test.
fn build() -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--bin", "kvarium"]).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo runs").success(), "the server does not build");
    let test = std::env::current_exe().expect("a test is a program");
    let program = test.ancestors().nth(2).expect("tests lie in deps/").join("kvarium");
    assert!(program.is_file(), "the server should have been built as {}", program.display());
    program
}

fn spawn(line: &[String], folder: &Path) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).expect("a log file");
    let also_log = log.try_clone().expect("a second handle");
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).current_dir(folder).stdin(Stdio::null()).stdout(log).stderr(also_log);
    command.spawn().unwrap_or_else(|error| panic!("{line:?} can't be started: {error}"))
}

fn argument_of(arguments: &[&str], name: &str) -> u16 {
    let value = arguments.iter().skip_while(|&&argument| argument != name).nth(1).expect("a value");
    value.parse().expect("a port")
}
