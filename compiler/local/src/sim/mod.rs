//! The services, a file each, named as the rooms of the compiler's `lower/`. Each reads the resources of its service from the stack, and
//! keeps its state in a field of the [`System`](crate::System), whose methods it adds.

pub mod apigateway;
pub mod dynamodb;
pub mod eventbridge;
pub mod iam;
pub mod lambda;
pub mod logs;
pub mod pipes;
pub mod scheduler;
pub mod secretsmanager;
pub mod sns;
pub mod sqs;
pub mod ssm;
pub mod stepfunctions;
pub mod streams;
