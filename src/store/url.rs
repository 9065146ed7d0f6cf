//! The kind of database: the scheme of its URL decides, and nothing else (I11).
//!
//! diesel would take any string for the path of a SQLite file and make it; a typo in a PostgreSQL URL must
//! not become a new empty registry.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// A database that was named by `sqlite:///path` or `postgres://…`.
#[derive(Clone, PartialEq, Eq)]
pub enum DbUrl {
    /// The registry file; the access file lies beside it as `access.db`.
    Sqlite(PathBuf),
    /// A libpq URL, as given.
    Postgres(String),
}

impl DbUrl {
    /// The registry file in a data directory.
    pub fn in_data_dir(dir: &Path) -> Self {
        Self::Sqlite(dir.join("registry.db"))
    }

    /// Reads a URL; any scheme but the two is refused.
    ///
    /// A PostgreSQL host that is not a socket and not loopback is refused, unless the URL says
    /// `sslmode=disable` or the program was built with `postgres-tls`: the built-in libpq has no TLS.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            return if path.starts_with('/') && path.len() > 1 {
                Ok(Self::Sqlite(PathBuf::from(path)))
            } else {
                Err(refused(
                    "a SQLite database is named by an absolute path: sqlite:///var/lib/elicense/registry.db",
                ))
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let open = local_host(text) || text.contains("sslmode=disable") || cfg!(feature = "postgres-tls");
            return if open {
                Ok(Self::Postgres(text.to_owned()))
            } else {
                Err(refused(
                    "this build reaches PostgreSQL without TLS: use a local host or socket, say sslmode=disable, \
                     or build with the feature postgres-tls",
                ))
            };
        }
        Err(refused("a database URL begins with sqlite:/// or postgres://"))
    }

    /// The SQLite file of the access log that belongs to this registry file.
    pub fn access_path(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(path) => Some(path.with_file_name("access.db")),
            Self::Postgres(_) => None,
        }
    }

    /// True for PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

fn refused(detail: &'static str) -> Error {
    Error::new(Code::ConfigInvalid, detail).at("database").rule(Rule::UrlScheme)
}

/// Whether each server that the URL names, before its path and in its query, is this machine. libpq tries them in turn.
fn local_host(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = rest.split('/').next().unwrap_or("");
    let hosts = authority.rsplit('@').next().unwrap_or("").split(',');
    let named = query.split('&').filter_map(|part| part.split_once('='));
    let named = named.filter(|(name, _)| ["host", "hostaddr"].contains(name));
    let named = named.flat_map(|(_, value)| value.split(',').flat_map(|value| value.split("%2C")));
    hosts.chain(named).all(is_local)
}

fn is_local(host: &str) -> bool {
    if host.is_empty() || host.starts_with('/') || host.to_ascii_uppercase().starts_with("%2F") {
        return true;
    }
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None if host == "::1" => Some(host),
        None => host.split(':').next(),
    };
    ["localhost", "127.0.0.1", "::1"].contains(&name.unwrap_or(""))
}

/// Never prints a password.
impl fmt::Debug for DbUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i11_only_the_two_schemes_are_taken() {
        for refused in [
            "",
            "registry.db",
            "/var/registry.db",
            "sqlite://",
            "sqlite://x.db",
            "postgre://h/db",
            "mysql://h",
        ] {
            assert!(DbUrl::parse(refused).is_err(), "{refused}");
        }
        assert_eq!(DbUrl::parse("sqlite:///a/b.db").unwrap(), DbUrl::Sqlite("/a/b.db".into()));
    }

    #[test]
    fn a_remote_postgres_without_tls_is_refused_unless_said() {
        for local in [
            "postgres://u@127.0.0.1:5433/db",
            "postgres://localhost/db",
            "postgres:///db?host=/tmp",
            "postgres://u:p@[::1]:1/d",
            "postgres://u@127.0.0.1:1,localhost:2,[::1]:3/d?target_session_attrs=read-write",
            "postgres:///d?host=%2Frun%2Fpostgresql",
        ] {
            assert!(DbUrl::parse(local).is_ok(), "{local}");
        }
        for remote in [
            "postgres://u:p@db.example/x",
            "postgres://127.0.0.1,db.example/x",
            "postgres:///x?host=db.example",
            "postgres://127.0.0.1/x?host=%2Ftmp,db.example",
            "postgres://localhost/x?hostaddr=10.0.0.1",
        ] {
            assert!(DbUrl::parse(remote).is_err(), "{remote}");
        }
        assert!(DbUrl::parse("postgres://u:p@db.example/x?sslmode=disable").is_ok());
    }
}
