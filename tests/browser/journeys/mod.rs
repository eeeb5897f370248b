//! What people come here to do, from the first page to the last.
mod audit;
mod azure;
mod custom;
mod embedding;
mod first_steps;
mod network;
mod openai;
mod people;
mod roles;
mod tokens;
mod vertex;
mod without_scripts;
