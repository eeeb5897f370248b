//! Connections, pools, transactions and migrations.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel::r2d2::{self, ManageConnection, Pool, R2D2Connection};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use secrecy::ExposeSecret;

use crate::config::DatabaseUrl;
use crate::error::{Cause, Error};

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number will do, as long as every replica takes the same.
const MIGRATION_LOCK: i64 = 0x0C1A_716E;

/// A connection to either database. Made only by [`Connector`], which looks at the address: the derived
/// `establish` tries one after the other and would make a SQLite file named like a mistyped server.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}

/// The database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// TLS was asked for, but this build has none.
    #[error(
        "this build cannot speak TLS to PostgreSQL, but the address asks for sslmode={0}; \
         build with `--features pg-tls`, or set sslmode=disable if the connection is private"
    )]
    NoTls(String),
    /// The folder or the server cannot be reached.
    #[error("CLAVIGER_DATABASE_URL: the database cannot be opened: {}", .0.trim_end())]
    Connect(String),
    /// A migration failed.
    #[error("cannot bring the database up to date: {0}")]
    Migrate(Cause),
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    readers: Pool<Connector>,
    /// SQLite has one writer at a time; a queue is fairer than its busy handler. On PostgreSQL the same pool.
    writers: Pool<Connector>,
}

impl Db {
    /// Opens the database, makes it if it is a file that does not exist yet, and brings its tables up to date.
    ///
    /// # Errors
    /// [`OpenError`], in a sentence for the operator.
    pub fn open(url: &DatabaseUrl, n_connections: u32) -> Result<Self, OpenError> {
        refuse_tls_without_feature(url)?;
        let connector = Connector(Arc::new(url.clone()));
        let mut first = connector.connect().map_err(|e| OpenError::Connect(e.to_string()))?;
        migrate(&mut first).map_err(OpenError::Migrate)?;
        drop(first);
        let readers = pool(connector.clone(), n_connections)?;
        let writers = match url {
            DatabaseUrl::Sqlite(_) => pool(connector, 1)?,
            DatabaseUrl::Postgres(_) => readers.clone(),
        };
        Ok(Self { readers, writers })
    }

    /// Reads, off the async threads.
    ///
    /// # Errors
    /// Whatever `work` answers; [`Error::Unavailable`] if no connection can be had.
    pub async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Error> + Send + 'static,
    {
        let pool = self.readers.clone();
        run_blocking(move || {
            let mut conn = pool.get().map_err(|e| Error::Unavailable(e.into()))?;
            work(&mut conn)
        })
        .await
    }

    /// Changes, in one transaction that holds SQLite's write lock from its start; all or nothing.
    ///
    /// # Errors
    /// Whatever `work` answers, after rolling back; [`Error::Unavailable`] if no connection can be had.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> Result<T, Error> + Send + 'static,
    {
        let pool = self.writers.clone();
        run_blocking(move || {
            let mut conn = pool.get().map_err(|e| Error::Unavailable(e.into()))?;
            in_write_transaction(&mut conn, work)
        })
        .await
    }

    /// Whether a trivial query is answered, for the readiness check.
    pub async fn is_ready(&self) -> bool {
        self.read(|conn| Ok(conn.batch_execute("SELECT 1")?)).await.is_ok()
    }
}

/// Whether an insert or update failed because a unique column already holds the value. SQLite names the
/// columns (`UNIQUE constraint failed: connections.organization_id, connections.single`), PostgreSQL the
/// constraint (`connections_organization_id_single_key`).
#[must_use]
pub fn is_taken(error: &DieselError, table: &str, columns: &[&str]) -> bool {
    let DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info) = error else { return false };
    match info.constraint_name() {
        Some(name) => name == format!("{table}_{}_key", columns.join("_")),
        None => {
            let listed: Vec<String> = columns.iter().map(|column| format!("{table}.{column}")).collect();
            info.message().ends_with(&format!(": {}", listed.join(", ")))
        }
    }
}

/// Opens connections of the right kind for a pool.
#[derive(Clone)]
struct Connector(Arc<DatabaseUrl>);

impl ManageConnection for Connector {
    type Connection = Conn;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Conn, r2d2::Error> {
        match self.0.as_ref() {
            DatabaseUrl::Sqlite(path) => open_sqlite(path).map(Conn::Sqlite),
            DatabaseUrl::Postgres(url) => open_postgres(url.expose_secret()).map(Conn::Postgres),
        }
        .map_err(r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), r2d2::Error> {
        conn.ping().map_err(r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        std::thread::panicking() || conn.is_broken()
    }
}

fn open_sqlite(path: &Path) -> ConnectionResult<SqliteConnection> {
    let address = path.to_str().ok_or_else(|| ConnectionError::BadConnection("the path is not UTF-8".into()))?;
    let mut conn = SqliteConnection::establish(address)?;
    // The wait for locks comes first: switching to WAL needs one. FULL, because a confirmed change must
    // survive a power cut. secure_delete, because a removed key must be gone.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
    )
    .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

fn open_postgres(url: &str) -> ConnectionResult<PgConnection> {
    // Left to itself, OpenSSL frees its memory when the process ends, while the pool's threads still close
    // their connections: one exit in five crashed. This start of it asks for no such clearing.
    #[cfg(feature = "pg-tls")]
    openssl_sys::init();
    let mut conn = PgConnection::establish(url)?;
    conn.batch_execute("SET TIME ZONE 'UTC'; SET lock_timeout = '10s'; SET statement_timeout = '30s'")
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

fn pool(connector: Connector, n_connections: u32) -> Result<Pool<Connector>, OpenError> {
    let is_server = matches!(*connector.0, DatabaseUrl::Postgres(_));
    Pool::builder()
        .max_size(n_connections)
        .min_idle(Some(1))
        // A server ends connections when it restarts, and nothing else would take them out of the pool. A file
        // cannot do that, and the ping would cost more than most queries.
        .test_on_check_out(is_server)
        .connection_timeout(Duration::from_secs(5))
        .build(connector)
        .map_err(|e| OpenError::Connect(e.to_string()))
}

fn migrate(conn: &mut Conn) -> Result<(), Cause> {
    match conn {
        Conn::Sqlite(c) => c.run_pending_migrations(SQLITE_MIGRATIONS).map(drop),
        Conn::Postgres(c) => {
            // Two replicas may start at once.
            diesel::sql_query(format!("SELECT pg_advisory_lock({MIGRATION_LOCK})")).execute(c)?;
            let done = c.run_pending_migrations(POSTGRES_MIGRATIONS).map(drop);
            diesel::sql_query(format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})")).execute(c)?;
            done
        }
    }
}

fn in_write_transaction<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T, Error>) -> Result<T, Error> {
    type Manager = <Conn as diesel::Connection>::TransactionManager;
    match conn {
        // SQLite must take its write lock first, or a later write fails at once in spite of the timeout.
        Conn::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?,
        Conn::Postgres(c) => AnsiTransactionManager::begin_transaction(c)?,
    }
    match work(conn) {
        Ok(value) => {
            Manager::commit_transaction(conn)?;
            Ok(value)
        }
        Err(error) => {
            Manager::rollback_transaction(conn)?;
            Err(error)
        }
    }
}

async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn refuse_tls_without_feature(url: &DatabaseUrl) -> Result<(), OpenError> {
    let DatabaseUrl::Postgres(address) = url else { return Ok(()) };
    if cfg!(feature = "pg-tls") {
        return Ok(());
    }
    let mode = url::Url::parse(address.expose_secret())
        .ok()
        .and_then(|parsed| parsed.query_pairs().find(|(key, _)| key == "sslmode").map(|(_, mode)| mode.into_owned()));
    match mode {
        Some(mode) if matches!(mode.as_str(), "require" | "verify-ca" | "verify-full") => Err(OpenError::NoTls(mode)),
        _ => Ok(()),
    }
}
