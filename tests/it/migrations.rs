//! The migrations of both databases: named alike, making what `schema.rs` says, and undone by their other half.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use claviger::store::Conn;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Text};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

use crate::support::db::TestDatabase;
use crate::support::parts::project;
use crate::support::sources;

/// A column as `schema.rs` declares it or as a database has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[test]
fn both_databases_have_the_same_migrations_with_both_halves() {
    let sqlite = names("migrations/sqlite");
    assert_eq!(sqlite, names("migrations/postgres"));
    assert!(!sqlite.is_empty());
    for kind in ["sqlite", "postgres"] {
        for name in &sqlite {
            for half in ["up.sql", "down.sql"] {
                let path = project().join("migrations").join(kind).join(name).join(half);
                let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert!(text.lines().any(|line| line.trim_end().ends_with(';')), "{} says nothing", path.display());
            }
        }
    }
}

#[test]
fn the_migrations_make_what_the_schema_declares() {
    let database = TestDatabase::new();
    drop(database.open());
    let made = columns(&mut database.connect());
    let declared = declared(&fs::read_to_string(project().join("src/store/schema.rs")).expect("the schema"));
    assert!(declared.len() > 100, "the schema was not read: {declared:?}");
    let missing: Vec<_> = declared.difference(&made).collect();
    let undeclared: Vec<_> = made.difference(&declared).collect();
    assert!(missing.is_empty() && undeclared.is_empty(), "only declared: {missing:?}\nonly made: {undeclared:?}");
}

#[test]
fn what_a_migration_makes_its_other_half_undoes() {
    let database = TestDatabase::new();
    let conn = &mut database.connect();
    migrate(conn);
    let made = objects(conn);
    assert!(made.len() > 20, "{made:?}");
    revert(conn);
    assert_eq!(objects(conn), BTreeSet::new());
    migrate(conn);
    assert_eq!(objects(conn), made);
}

#[test]
fn every_value_that_the_store_knows_as_taken_has_its_constraint() {
    let database = TestDatabase::new();
    drop(database.open());
    let conn = &mut database.connect();
    let mut n_found = 0;
    for (file, text) in sources::product() {
        for (table, columns) in known_as_taken(&text) {
            n_found += 1;
            assert!(is_unique(conn, &table, &columns), "{}: {table} has no unique {columns:?}", file.display());
        }
    }
    assert!(n_found >= 3, "only {n_found} uses of is_taken were found");
    assert!(!is_unique(conn, "connections", &["organization_id".into(), "provider".into()]));
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(project().join(folder)).expect("the migrations");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
}

fn folder(conn: &Conn) -> PathBuf {
    let kind = match conn {
        Conn::Sqlite(_) => "sqlite",
        Conn::Postgres(_) => "postgres",
    };
    project().join("migrations").join(kind)
}

fn migrate(conn: &mut Conn) {
    let migrations = from(&folder(conn));
    match conn {
        Conn::Sqlite(c) => c.run_pending_migrations(migrations).map(drop),
        Conn::Postgres(c) => c.run_pending_migrations(migrations).map(drop),
    }
    .expect("a migration");
}

fn revert(conn: &mut Conn) {
    let migrations = from(&folder(conn));
    match conn {
        Conn::Sqlite(c) => c.revert_all_migrations(migrations).map(drop),
        Conn::Postgres(c) => c.revert_all_migrations(migrations).map(drop),
    }
    .expect("its other half");
}

fn from(folder: &Path) -> FileBasedMigrations {
    FileBasedMigrations::from_path(folder).expect("the migrations")
}

/// The columns that the text of `schema.rs` declares.
fn declared(schema: &str) -> BTreeSet<Column> {
    let mut table_name = String::new();
    let mut columns = BTreeSet::new();
    for line in schema.lines().map(str::trim) {
        if let Some((name, _)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            table_name = name.to_owned();
        }
        let Some((column_name, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) else {
            continue;
        };
        let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
        columns.insert(Column {
            table_name: table_name.clone(),
            column_name: column_name.to_owned(),
            kind: inner.unwrap_or(kind).to_owned(),
            nullable: inner.is_some(),
        });
    }
    columns
}

/// The columns that the database has, with the types' names of `schema.rs`.
fn columns(conn: &mut Conn) -> BTreeSet<Column> {
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT m.name AS table_name, c.name AS column_name, c.type AS kind, c.\"notnull\" = 0 AS nullable \
             FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_diesel%' ESCAPE '\\'"
        }
        Conn::Postgres(_) => {
            "SELECT table_name::text, column_name::text, upper(data_type::text) AS kind, is_nullable = 'YES' AS nullable \
             FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_diesel%'"
        }
    };
    let mut columns: Vec<Column> = sql_query(query).load(conn).expect("columns");
    for column in &mut columns {
        column.kind = match column.kind.as_str() {
            "INTEGER" | "BIGINT" => "BigInt",
            "TEXT" => "Text",
            "BLOB" | "BYTEA" => "Binary",
            "TIMESTAMP" | "TIMESTAMP WITHOUT TIME ZONE" => "Timestamp",
            "BOOLEAN" => "Bool",
            "DATE" => "Date",
            other => panic!("{column:?} has a type that schema.rs has no word for: {other}"),
        }
        .to_owned();
    }
    columns.into_iter().collect()
}

/// Every table, index, trigger, sequence and function, by name.
fn objects(conn: &mut Conn) -> BTreeSet<String> {
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_\\_diesel%' ESCAPE '\\'"
        }
        Conn::Postgres(_) => {
            "SELECT relname::text AS name FROM pg_class \
             WHERE relnamespace = current_schema()::regnamespace AND relname NOT LIKE '\\_\\_diesel%' \
             UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace \
             UNION ALL SELECT tgname::text FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid \
             WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal"
        }
    };
    sql_query(query).load::<Name>(conn).expect("names").into_iter().map(|row| row.name).collect()
}

/// Every table with columns that a call of `is_taken` in the text names.
fn known_as_taken(text: &str) -> Vec<(String, Vec<String>)> {
    let calls = text.split("is_taken(&error,").skip(1);
    calls
        .filter_map(|rest| {
            let (arguments, _) = rest.split_once("])")?;
            let mut words = arguments.split('"').skip(1).step_by(2).map(str::to_owned);
            Some((words.next()?, words.collect()))
        })
        .collect()
}

/// Whether the database refuses a second row with the same values there, in words that `is_taken` understands.
/// Primary keys count: who relies on one knows that PostgreSQL names it otherwise.
fn is_unique(conn: &mut Conn, table: &str, columns: &[String]) -> bool {
    let query = match conn {
        Conn::Sqlite(_) => {
            let columns = columns.join(",");
            format!(
                "SELECT l.name AS name FROM pragma_index_list('{table}') l WHERE l.\"unique\" AND '{columns}' = \
                 (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno))"
            )
        }
        Conn::Postgres(_) => {
            let (name, columns) = (format!("{table}_{}_key", columns.join("_")), columns.join(","));
            format!(
                "SELECT conname::text AS name FROM pg_constraint c \
                 WHERE conrelid = '{table}'::regclass AND (conname = '{name}' OR contype = 'p') AND '{columns}' = \
                 (SELECT string_agg(attname::text, ',' ORDER BY k.place) \
                  FROM unnest(c.conkey) WITH ORDINALITY k (number, place) \
                  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number)"
            )
        }
    };
    !sql_query(query).load::<Name>(conn).expect("constraints").is_empty()
}
