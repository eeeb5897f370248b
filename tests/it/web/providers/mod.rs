//! Provider keys from the outside: forms, pages, and what is stored behind them.
mod add;
mod bad_input;
mod binding;
mod changes;
mod held;
