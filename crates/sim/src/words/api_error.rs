//! What the API server refuses: ordinary data, worded as the real one words it.

use petri_objects::{Kind, Name};
use std::rc::Rc;

/// An error of the simulated API server: ordinary data, worded as the real one words it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ApiError {
    NotFound {
        kind: Kind,
        name: Name,
    },
    AlreadyExists {
        kind: Kind,
        name: Name,
        terminating: bool,
    },
    GenerateName {
        kind: Kind,
        name: Name,
    },
    /// The stored object is newer, or a precondition does not hold.
    Conflict {
        kind: Kind,
        name: Name,
        cause: Name,
    },
    /// One text per field error, `path: type: value: detail`.
    Invalid {
        kind: Kind,
        name: Name,
        errors: Rc<Vec<Name>>,
    },
    /// A patch makes an object that strict decoding refuses.
    InvalidPatch(Name),
    Forbidden {
        kind: Kind,
        name: Name,
        cause: Name,
    },
    TooManyRequests {
        message: Name,
        cause: Name,
    },
    BadRequest(Name),
    Internal(Name),
    /// The connection to the API server failed: nothing is known about what was done.
    Unreachable,
}

/// What a stale `resourceVersion` is told.
pub const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

impl ApiError {
    pub fn not_found(kind: Kind, name: impl Into<Name>) -> ApiError {
        ApiError::NotFound { kind, name: name.into() }
    }
    pub fn is_not_found(&self) -> bool {
        matches!(self, ApiError::NotFound { .. })
    }
    pub fn is_already_exists(&self) -> bool {
        matches!(self, ApiError::AlreadyExists { .. })
    }
    pub fn is_conflict(&self) -> bool {
        matches!(self, ApiError::Conflict { .. })
    }
    /// The HTTP status.
    pub fn code(&self) -> u32 {
        match self {
            ApiError::NotFound { .. } => 404,
            ApiError::AlreadyExists { .. } | ApiError::GenerateName { .. } | ApiError::Conflict { .. } => 409,
            ApiError::Invalid { .. } | ApiError::InvalidPatch(_) => 422,
            ApiError::Forbidden { .. } => 403,
            ApiError::TooManyRequests { .. } => 429,
            ApiError::BadRequest(_) => 400,
            ApiError::Internal(_) => 500,
            ApiError::Unreachable => 503,
        }
    }
    /// The word that kubectl puts in brackets.
    pub fn reason(&self) -> &'static str {
        match self {
            ApiError::NotFound { .. } => "NotFound",
            ApiError::AlreadyExists { .. } | ApiError::GenerateName { .. } => "AlreadyExists",
            ApiError::Conflict { .. } => "Conflict",
            ApiError::Invalid { .. } | ApiError::InvalidPatch(_) => "Invalid",
            ApiError::Forbidden { .. } => "Forbidden",
            ApiError::TooManyRequests { .. } => "TooManyRequests",
            ApiError::BadRequest(_) => "BadRequest",
            ApiError::Internal(_) => "InternalError",
            ApiError::Unreachable => "ServiceUnavailable",
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ApiError::NotFound { kind, name } => write!(f, "{} \"{name}\" not found", kind.qualified_resource()),
            ApiError::AlreadyExists { kind, name, terminating } => {
                let prefix = if *terminating { "object is being deleted: " } else { "" };
                write!(f, "{prefix}{} \"{name}\" already exists", kind.qualified_resource())
            }
            ApiError::GenerateName { kind, name } => write!(
                f,
                "{} \"{name}\" already exists, the server was not able to generate a unique name for the object",
                kind.qualified_resource()
            ),
            ApiError::Conflict { kind, name, cause } => {
                write!(f, "Operation cannot be fulfilled on {} \"{name}\": {cause}", kind.qualified_resource())
            }
            ApiError::Invalid { kind, name, errors } => {
                write!(f, "{} \"{name}\" is invalid: ", kind.qualified_kind())?;
                let mut distinct: Vec<&str> = Vec::new();
                for error in errors.iter() {
                    if !distinct.contains(&&**error) {
                        distinct.push(error);
                    }
                }
                match distinct[..] {
                    [one] => f.write_str(one),
                    _ => write!(f, "[{}]", distinct.join(", ")),
                }
            }
            ApiError::Forbidden { kind, name, cause } => {
                write!(f, "{} \"{name}\" is forbidden: {cause}", kind.qualified_resource())
            }
            ApiError::TooManyRequests { message, .. } => f.write_str(message),
            ApiError::InvalidPatch(message) => write!(f, " \"\" is invalid: {message}"),
            ApiError::BadRequest(message) | ApiError::Internal(message) => f.write_str(message),
            ApiError::Unreachable => f.write_str("the connection to the API server failed"),
        }
    }
}
