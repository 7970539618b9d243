//! The sockets that accept: TCP on every bound address, and the Unix socket.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, net};

use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token, event::Source};
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::connections::{Arrival, Stream};

/// What to listen on.
pub struct Wish<'a> {
    /// As the `bind` directive has them: addresses, `*`, `::*`, host names; with a leading `-` where one may be missing.
    pub bind: &'a [String],
    /// 0 for no TCP.
    pub port: u16,
    /// Whether any other port does as well when this one is taken.
    pub any_port_will_do: bool,
    pub backlog: i32,
    /// Path of the socket and its mode, where that is not 0.
    pub unix: Option<(&'a Path, u32)>,
}

#[derive(Default)]
pub struct Listeners {
    open: Vec<Listener>,
    /// The port that TCP listens on; 0 where it does not.
    pub port: u16,
}

enum Listener {
    Tcp(TcpListener),
    Unix { listener: UnixListener, path: PathBuf },
}

impl Listeners {
    /// Opens everything that is wished for. The error is a sentence for the operator.
    pub fn open(wish: &Wish<'_>) -> Result<Listeners, String> {
        let mut listeners = Listeners::default();
        if wish.port != 0 {
            listeners.open_tcp(wish)?;
        }
        if let Some((path, mode)) = wish.unix {
            listeners.open_unix(path, mode, wish.backlog)?;
        }
        Ok(listeners)
    }

    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Where clients may connect, for people to read.
    pub fn addresses(&self) -> Vec<String> {
        self.open.iter().map(Listener::address).collect()
    }

    pub fn register(&mut self, registry: &Registry, token: impl Fn(usize) -> Token) -> io::Result<()> {
        for (index, listener) in self.open.iter_mut().enumerate() {
            registry.register(listener.source(), token(index), Interest::READABLE)?;
        }
        Ok(())
    }

    /// Whoever waits at listener `index`.
    pub fn accept(&self, index: usize) -> io::Result<Arrival> {
        match &self.open[index] {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                let local = stream.local_addr()?;
                Ok(Arrival { stream: Stream::Tcp(stream), peer: shown(peer), local: shown(local) })
            }
            Listener::Unix { listener, path } => {
                let (stream, _) = listener.accept()?;
                let name = format!("{}:0", path.display());
                Ok(Arrival { stream: Stream::Unix(stream), peer: name.clone(), local: name })
            }
        }
    }

    fn open_tcp(&mut self, wish: &Wish<'_>) -> Result<(), String> {
        match self.open_port(wish, wish.port) {
            Err(failure) if failure.error.kind() == ErrorKind::AddrInUse && wish.any_port_will_do => {
                let port = free_port().map_err(|error| format!("Can't find a free port: {error}"))?;
                self.open_port(wish, port).map_err(|failure| failure.text())
            }
            done => done.map_err(|failure| failure.text()),
        }
    }

    fn open_port(&mut self, wish: &Wish<'_>, port: u16) -> Result<(), Failure> {
        let mut opened = Vec::new();
        for name in wish.bind {
            let (name, may_be_missing) = match name.strip_prefix('-') {
                Some(name) => (name, true),
                None => (name.as_str(), false),
            };
            let failure = |error| Failure { address: name.to_string(), port, error };
            for address in resolve(name, port).map_err(failure)? {
                match listen(address, wish.backlog) {
                    Ok(listener) => opened.push(Listener::Tcp(listener)),
                    Err(error) if may_be_missing && is_absence(&error) => {}
                    Err(error) => return Err(failure(error)),
                }
            }
        }
        self.open.append(&mut opened);
        self.port = port;
        Ok(())
    }

    /// A socket file that a former process left behind is replaced, as Redis does.
    fn open_unix(&mut self, path: &Path, mode: u32, backlog: i32) -> Result<(), String> {
        let _ = fs::remove_file(path);
        let open = || -> io::Result<UnixListener> {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.bind(&SockAddr::unix(path)?)?;
            socket.listen(backlog)?;
            socket.set_nonblocking(true)?;
            if mode != 0 {
                fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
            }
            Ok(UnixListener::from_std(socket.into()))
        };
        let listener =
            open().map_err(|error| format!("Can't listen on the Unix socket {}: {error}", path.display()))?;
        self.open.push(Listener::Unix { listener, path: path.to_path_buf() });
        Ok(())
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        for listener in &self.open {
            if let Listener::Unix { path, .. } = listener {
                let _ = fs::remove_file(path);
            }
        }
    }
}

impl Listener {
    fn source(&mut self) -> &mut dyn Source {
        match self {
            Listener::Tcp(listener) => listener,
            Listener::Unix { listener, .. } => listener,
        }
    }

    fn address(&self) -> String {
        match self {
            Listener::Tcp(listener) => listener.local_addr().map_or_else(|error| error.to_string(), |a| a.to_string()),
            Listener::Unix { path, .. } => path.display().to_string(),
        }
    }
}

struct Failure {
    address: String,
    port: u16,
    error: io::Error,
}

impl Failure {
    fn text(&self) -> String {
        let advice = match self.error.kind() {
            ErrorKind::AddrInUse => ". Another process listens there: stop it, or choose another port with --port",
            ErrorKind::PermissionDenied => ". Ports below 1024 need privileges: choose another one with --port",
            ErrorKind::AddrNotAvailable => ". This machine has no such address: correct --bind",
            _ => "",
        };
        format!("Can't listen on {} port {}: {}{advice}", self.address, self.port, self.error)
    }
}

fn resolve(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match name {
        "*" => Ok(vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))]),
        "::*" => Ok(vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))]),
        _ => Ok((name, port).to_socket_addrs()?.collect()),
    }
}

fn listen(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Whether the machine simply has no such address or protocol.
fn is_absence(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|errno| {
        [
            Errno::ADDRNOTAVAIL,
            Errno::AFNOSUPPORT,
            Errno::NOPROTOOPT,
            Errno::PFNOSUPPORT,
            Errno::PROTONOSUPPORT,
            Errno::SOCKTNOSUPPORT,
        ]
        .contains(&errno)
    })
}

/// A port that nobody listens on at this moment.
pub fn free_port() -> io::Result<u16> {
    Ok(net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?.local_addr()?.port())
}

/// An address as `CLIENT LIST` prints it. An IPv4 client of an IPv6 socket stays what it is.
fn shown(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V6(ip) => format!("[{ip}]:{}", address.port()),
        IpAddr::V4(_) => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish<'a>(bind: &'a [String], port: u16) -> Wish<'a> {
        Wish { bind, port, any_port_will_do: false, backlog: 16, unix: None }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn a_missing_address_is_forgiven_only_with_a_dash() {
        let port = free_port().unwrap();
        let open = Listeners::open(&wish(&names(&["127.0.0.1", "-192.0.2.77"]), port)).unwrap();
        assert_eq!(open.addresses(), [format!("127.0.0.1:{port}")]);
        drop(open);
        let refusal = Listeners::open(&wish(&names(&["192.0.2.77"]), port)).err().unwrap();
        assert!(refusal.contains("192.0.2.77") && refusal.ends_with("correct --bind"), "{refusal}");
    }

    #[test]
    fn a_taken_port_is_an_error_unless_any_will_do() {
        let bind = names(&["127.0.0.1"]);
        let taken = Listeners::open(&wish(&bind, free_port().unwrap())).unwrap();
        let refusal = Listeners::open(&wish(&bind, taken.port)).err().unwrap();
        assert!(refusal.contains("choose another port"), "{refusal}");
        let other = Listeners::open(&Wish { any_port_will_do: true, ..wish(&bind, taken.port) }).unwrap();
        assert_ne!(other.port, taken.port);
    }

    #[test]
    fn the_unix_socket_gets_its_mode_and_is_removed_at_the_end() {
        let path = std::env::temp_dir().join(format!("kvarium-listen-{}.sock", std::process::id()));
        let open = Listeners::open(&Wish { unix: Some((&path, 0o700)), ..wish(&[], 0) }).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(open);
        assert!(!path.exists());
    }
}
