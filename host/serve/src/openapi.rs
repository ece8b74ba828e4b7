//! The OpenAPI description: what surrounds the routes, which describe themselves.

use std::collections::BTreeMap;

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
    Response, ResponseBuilder, SecurityRequirement,
};
use utoipa::{IntoParams, IntoResponses, PartialSchema, ToSchema};

use crate::problem::{KINDS, Kind, MEDIA_TYPE, ProblemBody};

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
    let components = ComponentsBuilder::new()
        .schema("Problem", ProblemBody::schema())
        .responses_from_iter(problems())
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

/// The parameter of a route at a slot.
pub(crate) struct AtSlot;

impl IntoParams for AtSlot {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter("slot", ParameterIn::Path, "The slot.")]
    }
}

/// The parameters of a route at a seat: the slot and, where the key is good for any, the tenant.
pub(crate) struct AtSeat;

impl IntoParams for AtSeat {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let whom = "For whom. Needed where the key is good for any tenant.";
        let mut parameters = AtSlot::into_params(place);
        parameters.push(parameter("Memhost-Tenant", ParameterIn::Header, whom));
        parameters
    }
}

fn parameter(name: &str, place: ParameterIn, description: &str) -> Parameter {
    let required = match place {
        ParameterIn::Path => Required::True,
        _ => Required::False,
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(description))
        .schema(Some(String::schema()))
        .build()
}

/// The problems that a route behind the guard may answer with: all but those of addresses where no route is.
pub(crate) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let statuses = by_status().into_keys();
        let named = statuses.map(|status| {
            let response = RefOr::Ref(Ref::from_response_name(format!("Problem{status}")));
            (status.to_string(), response)
        });
        named.collect()
    }
}

/// What problems look like, by status.
fn problems() -> impl Iterator<Item = (String, Response)> {
    by_status().into_iter().map(|(status, kinds)| {
        let said = kinds
            .iter()
            .map(|kind| format!("`{}`: {}.", kind.code, kind.title));
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(ProblemBody::name())))
            .build();
        let response = ResponseBuilder::new()
            .description(said.collect::<Vec<_>>().join("\n"))
            .content(MEDIA_TYPE, content);
        (format!("Problem{status}"), response.build())
    })
}

fn by_status() -> BTreeMap<u16, Vec<&'static Kind>> {
    let mut by_status: BTreeMap<u16, Vec<&Kind>> = BTreeMap::new();
    let of_no_route = ["no-such-route", "method-not-allowed"];
    for kind in KINDS
        .iter()
        .filter(|kind| !of_no_route.contains(&kind.code))
    {
        by_status
            .entry(kind.status.as_u16())
            .or_default()
            .push(kind);
    }
    by_status
}
