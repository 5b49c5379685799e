//! moto as the AWS of our pods.

use tokio::task::spawn_blocking;

use crate::door::Door;
use crate::moto::Moto;
use crate::testbed::node::ADDRESS;

/// The registry of the account that moto takes everybody for.
pub(crate) const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
/// What moto gives.
pub(crate) const TOKEN: &str = "123456789012-auth-token";

/// An AWS, and the way to it for our pods.
pub(crate) async fn moto() -> (Moto, Door) {
    let moto = spawn_blocking(Moto::start).await.expect("moto");
    let mut aws = Door::at(ADDRESS, 0);
    aws.open(&moto.address);
    (moto, aws)
}
