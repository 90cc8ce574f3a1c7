//! Many questions in few round trips.

use mysql_async::prelude::Queryable;
use mysql_async::{Error as Driver, Row};

use super::database::{MySqlDatabase, failed, texts};
use crate::error::Error;

/// How many questions go in one packet.
const IN_ONE_PACKET: usize = 64;

/// The rows of an answer, as text.
pub type Texts = Vec<Vec<Option<String>>>;

impl MySqlDatabase {
    /// As [`MySqlDatabase::texts`], for many questions at once, each of which is one statement without a semicolon at its end. A
    /// question that the server refuses has the server's message instead of rows, and the others are asked all the same.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn texts_of_each(
        &mut self,
        action: &'static str,
        questions: &[String],
    ) -> Result<Vec<Result<Texts, String>>, Error> {
        let mut answers: Vec<Result<Texts, String>> = Vec::with_capacity(questions.len());
        while answers.len() < questions.len() {
            let rest = &questions[answers.len()..];
            let asked = &rest[..rest.len().min(IN_ONE_PACKET)];
            // The server leaves out what stands behind a statement that it refuses; the next round begins there.
            match self.ask_each(asked, &mut answers).await {
                Ok(()) => {}
                Err(Driver::Server(error)) => answers.push(Err(error.message)),
                Err(error) => return Err(failed(action, &error)),
            }
        }
        Ok(answers)
    }

    async fn ask_each(
        &mut self,
        questions: &[String],
        answers: &mut Vec<Result<Texts, String>>,
    ) -> Result<(), Driver> {
        let mut result = self.connection().query_iter(questions.join(";\n")).await?;
        for _ in questions {
            let rows: Vec<Row> = result.collect().await?;
            answers.push(Ok(texts(rows)));
        }
        result.drop_result().await
    }
}
