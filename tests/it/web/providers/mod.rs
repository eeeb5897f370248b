//! Provider keys from the outside: forms, pages, and what is stored behind them.
mod add;
mod binding;
mod changes;
mod held;
