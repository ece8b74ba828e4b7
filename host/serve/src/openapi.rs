//! The OpenAPI description: what surrounds the routes, which describe themselves.

use std::collections::BTreeMap;

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response, ResponseBuilder,
    SecurityRequirement,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::problem::{KINDS, MEDIA_TYPE, ProblemBody};

const ABOUT: &str = "Memory for agents: `retrieve` before the work, `record` after it, `feedback` when its outcome is known.\n\n\
    Whatever is refused is a problem (RFC 9457) whose `type` leads to its cure. Unknown fields are refused, but not inside \
    `messages`. With a key, send `Authorization: Bearer mh_…`; one that is good for any tenant needs the header \
    `Memhost-Tenant` too. Times are milliseconds since 1970.";

/// The description, before any route has described itself.
pub(crate) fn description() -> OpenApi {
    let info = InfoBuilder::new()
        .title("memhost")
        .version("1")
        .description(Some(ABOUT))
        .build();
    let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = utoipa::openapi::ComponentsBuilder::new()
        .schema("Problem", ProblemBody::schema())
        .security_scheme("key", key)
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        // A key, or none on a host that has none.
        .security(Some([
            SecurityRequirement::new::<_, [&str; 0], &str>("key", []),
            SecurityRequirement::default(),
        ]))
        .build()
}

/// The problems that a route at a seat may answer with.
pub(crate) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for kind in KINDS {
            let said = format!("`{}`: {}.", kind.code, kind.title);
            by_status
                .entry(kind.status.as_u16())
                .or_default()
                .push(said);
        }
        let response = |said: Vec<String>| {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name(ProblemBody::name())))
                .build();
            let response = ResponseBuilder::new()
                .description(said.join("\n"))
                .content(MEDIA_TYPE, content);
            RefOr::T(response.build())
        };
        let by_status = by_status.into_iter();
        by_status
            .map(|(status, said)| (status.to_string(), response(said)))
            .collect()
    }
}
