//! A database of a test's own: a SQLite file, or with `TEST_DATABASE_URL` a schema on that PostgreSQL server.

use claviger::config::DatabaseUrl;
use claviger::store::{Conn, Db};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::parts::environment;

/// Enough for the races in the tests, little enough for a server that serves many tests at once.
const N_CONNECTIONS: u32 = 8;

/// An empty database; gone when this value is dropped. Drop what uses it first.
pub struct TestDatabase {
    /// The address, as `CLAVIGER_DATABASE_URL` takes it.
    pub address: String,
    place: Place,
}

enum Place {
    Folder { _folder: TempDir },
    Schema { _schema: Schema },
}

/// A schema on a PostgreSQL server.
struct Schema {
    server: String,
    name: String,
}

impl TestDatabase {
    /// A database of the kind that this run of the tests is about.
    pub fn new() -> Self {
        match environment("TEST_DATABASE_URL") {
            Some(server) => Self::on_postgres(server),
            None => Self::on_sqlite(),
        }
    }

    /// A SQLite file, whatever this run is about.
    pub fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let address = format!("sqlite://{}", folder.path().join("test.db").display());
        Self { address, place: Place::Folder { _folder: folder } }
    }

    /// A schema on a PostgreSQL server.
    pub fn on_postgres(server: String) -> Self {
        let name = format!("t_{}", uuid::Uuid::new_v4().simple());
        let mut conn = PgConnection::establish(&server).expect("the server of TEST_DATABASE_URL");
        conn.batch_execute(&format!("CREATE SCHEMA {name}")).expect("a schema");
        let separator = if server.contains('?') { '&' } else { '?' };
        let address = format!("{server}{separator}options=-c%20search_path%3D{name}");
        Self { address, place: Place::Schema { _schema: Schema { server, name } } }
    }

    /// The address as the product knows it.
    pub fn url(&self) -> DatabaseUrl {
        DatabaseUrl::parse(&self.address).expect("an address")
    }

    /// Opens it with all tables; each call is a process's worth of connections of its own.
    #[track_caller]
    pub fn open(&self) -> Db {
        Db::open(&self.url(), N_CONNECTIONS).expect("a database")
    }

    /// One connection to it as it is, with or without tables.
    pub fn connect(&self) -> Conn {
        match self.url() {
            DatabaseUrl::Sqlite(path) => {
                Conn::Sqlite(SqliteConnection::establish(&path.display().to_string()).expect("a database"))
            }
            DatabaseUrl::Postgres(url) => {
                Conn::Postgres(PgConnection::establish(url.expose_secret()).expect("the server of TEST_DATABASE_URL"))
            }
        }
    }

    /// The content of SQLite's files: the database, its log, its index.
    pub fn files(&self) -> Vec<Vec<u8>> {
        let DatabaseUrl::Sqlite(path) = self.url() else { return Vec::new() };
        let name = |suffix: &str| format!("{}{suffix}", path.display());
        ["", "-wal", "-shm"].iter().filter_map(|suffix| std::fs::read(name(suffix)).ok()).collect()
    }

    /// Whether it is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.place, Place::Schema { .. })
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        // A leftover schema harms nobody: the whole server is thrown away after the tests.
        let Ok(mut conn) = PgConnection::establish(&self.server) else { return };
        let words =
            format!("SET lock_timeout = '2s'; SET client_min_messages = warning; DROP SCHEMA {} CASCADE", self.name);
        conn.batch_execute(&words).ok();
    }
}
