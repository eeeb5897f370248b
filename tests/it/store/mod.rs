//! The store by itself, on the database that this run is about.

mod audit;
mod connections;
mod leases;
mod scopes;
mod taken;
mod transactions;

use std::future::Future;

use claviger::clock::Clock;
use claviger::domain::actor::OrgScope;
use claviger::error::Result;
use claviger::store::connections::{Inserted, NewConnection, insert};
use claviger::store::{Conn, Db, organizations};
use diesel::prelude::*;
use diesel::sql_query;
use tokio::task::JoinSet;

use crate::support::db::TestDatabase;

/// A database with one organization.
struct Bench {
    db: Db,
    scope: OrgScope,
    clock: Clock,
    database: TestDatabase,
}

impl Bench {
    async fn new() -> Self {
        let database = TestDatabase::new();
        let (db, clock) = (database.open(), Clock::default());
        let now = clock.now();
        let id = db.write(move |conn| organizations::insert(conn, "Acme", now)).await.expect("an organization");
        Self { db, scope: OrgScope::granted(id), clock, database }
    }

    /// A second organization on the same database.
    async fn other_organization(&self) -> OrgScope {
        let now = self.clock.now();
        let id = self.db.write(move |conn| organizations::insert(conn, "Other", now)).await;
        OrgScope::granted(id.expect("an organization"))
    }

    /// As many replicas of the server as named, each with connections of its own.
    fn replicas(&self, n: usize) -> Vec<Db> {
        (0..n).map(|_| self.database.open()).collect()
    }

    /// Adds a connection of a provider of which an organization may have many.
    async fn connection(&self) -> i64 {
        let new = self.new_connection("custom");
        let scope = self.scope;
        match self.db.write(move |conn| insert(conn, scope, &new)).await.expect("an insert") {
            Inserted::New(id) => id,
            other => panic!("not new: {other:?}"),
        }
    }

    fn new_connection(&self, provider: &str) -> NewConnection {
        let now = self.clock.now();
        NewConnection {
            organization_id: self.scope.id(),
            provider: provider.into(),
            single: None,
            form_id: None,
            scope: "Organization".into(),
            deployment_name: Some("m-1".into()),
            endpoint: Some("https://llm.example.com/v1".into()),
            google_project_id: None,
            google_location: None,
            chat_url: None,
            destination: "https://llm.example.com".into(),
            health: "not_checked".into(),
            health_since: now,
            created_by: None,
            created_at: now,
            updated_by: None,
            updated_at: now,
        }
    }

    /// Runs statements as somebody would who has the database but not the program.
    async fn sql(&self, statement: &str) -> QueryResult<usize> {
        let statement = statement.to_owned();
        let done = self.db.read(move |conn| Ok(sql_query(statement).execute(conn))).await;
        done.expect("a connection")
    }

    /// A number, asked of the database itself.
    async fn number(&self, query: &str) -> i64 {
        let query = format!("SELECT CAST(({query}) AS BIGINT) AS n");
        self.db.read(move |conn| Ok(number(conn, &query)?)).await.expect("a number")
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// The one number, named `n`, that a query answers.
fn number(conn: &mut Conn, query: &str) -> QueryResult<i64> {
    sql_query(query).get_result::<Number>(conn).map(|row| row.n)
}

/// Runs all at once and answers what each answered.
async fn at_once<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
    works: impl IntoIterator<Item = F>,
) -> Vec<T> {
    let mut running: JoinSet<Result<T>> = works.into_iter().collect();
    let mut done = Vec::new();
    while let Some(ended) = running.join_next().await {
        done.push(ended.expect("no panic").expect("no error"));
    }
    done
}
