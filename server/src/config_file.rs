//! The configuration file as `CONFIG REWRITE` replaces it: all of it or nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub struct ConfigFile(pub Option<PathBuf>);

impl ConfigFile {
    /// Puts `text` in the place of the file. The old text stays until the new one is on the disk.
    pub fn replace(&self, text: &str) -> io::Result<()> {
        let Some(path) = &self.0 else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the server runs without a configuration file"));
        };
        let new = beside(path);
        let written = write_synced(&new, text).and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    PathBuf::from(name)
}

fn write_synced(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = std::env::temp_dir().join(format!("kvarium-config-file-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("redis.conf");
        fs::write(&path, "port 1\n").unwrap();
        ConfigFile(Some(path.clone())).replace("port 2\n").unwrap();
        let (text, files) = (fs::read_to_string(&path).unwrap(), fs::read_dir(&folder).unwrap().count());
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((text.as_str(), files), ("port 2\n", 1));
    }

    #[test]
    fn without_a_file_there_is_nothing_to_replace() {
        assert_eq!(ConfigFile(None).replace("").unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
