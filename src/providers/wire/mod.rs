//! What several providers speak: shapes of requests and answers, without any judgement.

pub mod google;
pub mod openai;
