//! The whole application on a port of its own, with its own database, clock and folder.

use std::net::TcpListener;
use std::sync::{OnceLock, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::web::Data;
use chrono::TimeDelta;
use claviger::app::App;
use claviger::auth::password;
use claviger::clock::Clock;
use claviger::config::Config;
use claviger::domain::actor::OrgScope;
use claviger::domain::role::Role;
use claviger::domain::secret::Secret;
use claviger::server;
use claviger::store::users::NewUser;
use claviger::store::{Conn, organizations, users};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use tempfile::TempDir;

use super::browse::Visitor;
use super::db::TestDatabase;
use super::fake_provider::FakeProvider;

/// Everybody's password.
pub const PASSWORD: &str = "copper lantern drizzle";

/// The organization that [`TestApp::member`] and its like fill.
pub const ORGANIZATION: &str = "Fennel Labs";

/// A running server; stopped when this value is dropped.
pub struct TestApp {
    /// What the handlers work with.
    pub app: Data<App>,
    /// The server's time.
    pub clock: Clock,
    /// Where it answers: `http://127.0.0.1:PORT`.
    pub origin: String,
    _folder: TempDir,
    _server: Server,
    // Last, so that it goes after the connections to it.
    database: TestDatabase,
}

/// A second server on the same database, with the same master key and clock. Drop it before the first.
pub struct Replica {
    /// Where it answers.
    pub origin: String,
    _server: Server,
}

impl TestApp {
    /// A new installation: no organization, nobody in it.
    pub async fn spawn() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = TestDatabase::new();
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("the port");
        let settings = [
            ("CLAVIGER_LISTEN", address.to_string()),
            ("CLAVIGER_DATA", folder.path().join("data").display().to_string()),
            ("CLAVIGER_DATABASE_URL", database.address.clone()),
            ("CLAVIGER_DATABASE_POOL", "6".to_owned()),
            ("CLAVIGER_CHECK_EVERY_MINUTES", "0".to_owned()),
        ];
        let value_of = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let mut config = Config::read(value_of).expect("the test’s settings can be used");
        change(&mut config);
        let clock = Clock::default();
        let app = Data::new(App::open(config, clock.clone()).await.expect("the application opens"));
        let server = Server::start(listener, app.clone());
        Self { app, clock, origin: format!("http://{address}"), _folder: folder, _server: server, database }
    }

    /// A new installation that may call this provider and takes it for all vendors.
    pub async fn facing(fake: &FakeProvider) -> Self {
        let settings = fake.outbound_settings();
        Self::with(|config| {
            config.egress_allow = settings.allow;
            config.vendor_bases = settings.bases;
        })
        .await
    }

    /// A second server beside this one.
    pub async fn replica(&self) -> Replica {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let listen = listener.local_addr().expect("the port");
        let origin = format!("http://{listen}");
        let public_url = origin.parse().expect("an origin");
        let config = Config { listen, public_url, ..self.app.config.clone() };
        let app = Data::new(App::open(config, self.clock.clone()).await.expect("the application opens"));
        let server = Server::start(listener, app);
        Replica { origin, _server: server }
    }

    /// Whether this run is on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.database.is_postgres()
    }

    /// Moves the server's time forward.
    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// A browser that nobody has signed in with.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(&self.origin)
    }

    /// Mara, an Owner, signed in.
    pub async fn owner(&self) -> Visitor {
        self.member(Role::Owner).await
    }

    /// Tomás, an Administrator, signed in.
    pub async fn administrator(&self) -> Visitor {
        self.member(Role::Administrator).await
    }

    /// Jonas, a Manager, signed in.
    pub async fn manager(&self) -> Visitor {
        self.member(Role::Manager).await
    }

    /// Ana, a Reviewer, signed in.
    pub async fn reviewer(&self) -> Visitor {
        self.member(Role::Reviewer).await
    }

    /// Sam, an Annotator, signed in.
    pub async fn annotator(&self) -> Visitor {
        self.member(Role::Annotator).await
    }

    /// The member of [`ORGANIZATION`] who has that role, signed in; made if need be.
    pub async fn member(&self, role: Role) -> Visitor {
        let scope = self.organization(ORGANIZATION).await;
        let (name, email) = person(role);
        self.add(scope, name, email, role).await;
        self.sign_in(email).await
    }

    /// An organization by name; made if need be.
    pub async fn organization(&self, name: &'static str) -> OrgScope {
        let now = self.clock.now();
        self.store(move |conn| {
            for id in organizations::ids(conn)? {
                let scope = OrgScope::granted(id);
                if organizations::name(conn, scope)? == name {
                    return Ok(scope);
                }
            }
            organizations::insert(conn, name, now).map(OrgScope::granted)
        })
        .await
    }

    /// A person in an organization, who signs in with [`PASSWORD`]; the id, also if they were there before.
    pub async fn add(&self, scope: OrgScope, name: &str, email: &str, role: Role) -> i64 {
        let (name, email, now) = (name.to_owned(), email.to_owned(), self.clock.now());
        let password_hash = password_hash().await;
        self.store(move |conn| {
            if let Some(account) = users::account(conn, &email)? {
                return Ok(account.id);
            }
            let user = NewUser { email: &email, name: &name, role, password_hash };
            Ok(users::insert(conn, scope, user, now)?.expect("the address is free"))
        })
        .await
    }

    /// Signs somebody in with [`PASSWORD`], through the form.
    pub async fn sign_in(&self, email: &str) -> Visitor {
        let mut visitor = self.visitor();
        let reply = visitor.post("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
        reply.is(303);
        visitor
    }

    /// Reads or changes rows past all rules.
    pub async fn store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Conn) -> claviger::error::Result<T> + Send + 'static,
    ) -> T {
        self.app.db.write(work).await.expect("the rows can be reached")
    }

    /// A connection beside the application's own.
    pub fn connect(&self) -> Conn {
        self.database.connect()
    }

    /// Runs a statement as somebody would who has the database but not the program; how many rows it changed.
    pub async fn sql(&self, statement: &str) -> usize {
        let statement = statement.to_owned();
        self.store(move |conn| Ok(sql_query(statement).execute(conn)?)).await
    }

    /// Writes SQLite's log into its file.
    pub async fn checkpoint(&self) {
        self.app
            .db
            .read(|conn| Ok(conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?))
            .await
            .expect("a checkpoint");
    }

    /// The content of SQLite's files.
    pub fn database_files(&self) -> Vec<Vec<u8>> {
        self.database.files()
    }

    /// Whether SQLite's files hold these bytes.
    pub fn database_holds(&self, bytes: &[u8]) -> bool {
        self.database.files().iter().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
    }

    /// A number, asked of the database itself.
    pub async fn number(&self, query: &str) -> i64 {
        let query = format!("SELECT CAST(({query}) AS BIGINT) AS n");
        self.store(move |conn| Ok(sql_query(query).get_result::<Number>(conn)?.n)).await
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// Name and e-mail address of the test organization's member with that role.
pub fn person(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Owner => ("Mara Lindqvist", "mara@fennel.example"),
        Role::Administrator => ("Tomás Rey", "tomas@fennel.example"),
        Role::Manager => ("Jonas Weber", "jonas@fennel.example"),
        Role::Reviewer => ("Ana Prates", "ana@fennel.example"),
        Role::Annotator => ("Sam Okafor", "sam@fennel.example"),
    }
}

/// A server on a thread of its own, so that it outlives whatever runtime the test has.
struct Server(Option<(ServerHandle, JoinHandle<()>)>);

impl Server {
    fn start(listener: TcpListener, app: Data<App>) -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            System::new().block_on(async move {
                let server = server::serve(listener, app).expect("the server starts");
                sender.send(server.handle()).expect("the test waits");
                server.await.expect("the server ends well");
            });
        });
        Self(Some((receiver.recv().expect("the server starts"), thread)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some((handle, thread)) = self.0.take() {
            // Sends the order; the answer is the end of the thread.
            drop(handle.stop(false));
            thread.join().ok();
        }
    }
}

/// Hashing is slow on purpose, so it is done once.
async fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    if HASH.get().is_none() {
        let hash = password::hash(&Secret::new(PASSWORD.to_owned())).await.expect("the password is hashed");
        HASH.set(hash).ok();
    }
    HASH.get().expect("the password was hashed")
}
