//! `GET /problems/{code}`: what a problem means, and its cure.

use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{Json, Path};
use crate::problem::{Problem, kind_of};

/// A kind of problem.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemKind {
    /// What programs tell apart.
    code: &'static str,
    /// The status of answers with it.
    status: u16,
    /// What is wrong.
    title: &'static str,
    /// What to do about it.
    cure: &'static str,
}

/// What a problem means, and its cure.
#[utoipa::path(
    get,
    path = "/problems/{code}",
    params(("code" = String, Path, description = "The last part of a problem's `type`.")),
    responses((status = 200, description = "The kind of problem.", body = ProblemKind)),
    security(())
)]
pub(super) async fn problem(Path(code): Path<String>) -> Result<Json<ProblemKind>, Problem> {
    let kind = kind_of(&code);
    let kind =
        kind.ok_or_else(|| Problem::of("no-such-route", format!("there is no problem `{code}`")))?;
    Ok(Json(ProblemKind {
        code: kind.code,
        status: kind.status.as_u16(),
        title: kind.title,
        cure: kind.cure,
    }))
}
