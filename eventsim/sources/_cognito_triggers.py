"""
The events of Cognito's triggers at sign-up, sign-in and for tokens.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from eventsim.rules.arns import partition
from eventsim.sources._cognito_parts import (
    CLIENT_ID,
    Attributes,
    ClientId,
    Groups,
    Metadata,
    PoolId,
    UserName,
    attributes,
    event,
    groups,
    metadata,
)
from eventsim.types import Scene

SignUp = Literal["SignUp", "ExternalProvider", "AdminCreateUser"]
Confirmation = Literal["ConfirmSignUp", "ConfirmForgotPassword"]
Migration = Literal["Authentication", "ForgotPassword"]
Tokens = Literal[
    "HostedAuth", "Authentication", "NewPasswordChallenge", "AuthenticateDevice", "RefreshTokens"
]
Message = Literal[
    "SignUp",
    "AdminCreateUser",
    "ResendCode",
    "ForgotPassword",
    "UpdateUserAttribute",
    "VerifyUserAttribute",
    "Authentication",
]
Sent = Literal[Message, "AccountTakeOverNotification"]
Validation = Annotated[dict[str, str] | None, "what the app passed on for this trigger only"]


def pre_signup(
    scene: Scene,
    *,
    cause: Annotated[SignUp, "how the user signs up"] = "SignUp",
    username: UserName = "alice",
    attribute: Attributes = (),
    validation_data: Validation = None,
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """Somebody signs up: confirm, verify or refuse it."""
    request = {
        "userAttributes": attributes(scene, username, attribute, None),
        "validationData": validation_data,
        **metadata(client_metadata),
    }
    response = {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False}
    user = (user_pool_id, client_id, username)
    return event(scene, f"PreSignUp_{cause}", request, response, user)


def post_confirmation(
    scene: Scene,
    *,
    cause: Annotated[Confirmation, "what was confirmed"] = "ConfirmSignUp",
    username: UserName = "alice",
    attribute: Attributes = (),
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A user confirmed the account, or a new password."""
    request = {
        "userAttributes": attributes(scene, username, attribute),
        **metadata(client_metadata),
    }
    user = (user_pool_id, client_id, username)
    return event(scene, f"PostConfirmation_{cause}", request, {}, user)


def pre_authentication(
    scene: Scene,
    *,
    username: UserName = "alice",
    attribute: Attributes = (),
    validation_data: Validation = None,
    user_not_found: Annotated[bool, "the pool hides who exists, and this one does not"] = False,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A user wants to sign in: let in or refuse."""
    request = {
        "userAttributes": attributes(scene, username, attribute),
        "validationData": validation_data,
        **({"userNotFound": True} if user_not_found else {}),
    }
    user = (user_pool_id, client_id, username)
    return event(scene, "PreAuthentication_Authentication", request, {}, user)


def post_authentication(
    scene: Scene,
    *,
    username: UserName = "alice",
    attribute: Attributes = (),
    new_device: Annotated[bool, "the user signed in on a device for the first time"] = False,
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A user has signed in."""
    request = {
        "userAttributes": attributes(scene, username, attribute),
        "newDeviceUsed": new_device,
        **metadata(client_metadata),
    }
    user = (user_pool_id, client_id, username)
    return event(scene, "PostAuthentication_Authentication", request, {}, user)


def pre_token_generation(
    scene: Scene,
    *,
    cause: Annotated[Tokens, "what asks for tokens"] = "Authentication",
    username: UserName = "alice",
    attribute: Attributes = (),
    group: Groups = (),
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A user gets an identity token: add, change or drop its claims."""
    request = {
        "userAttributes": attributes(scene, username, attribute),
        **groups(group, scene, partition(scene.region)),
        **metadata(client_metadata),
    }
    user = (user_pool_id, client_id, username)
    response = {"claimsOverrideDetails": None}
    return event(scene, f"TokenGeneration_{cause}", request, response, user)


def pre_token_generation_v2(
    scene: Scene,
    *,
    cause: Annotated[Tokens, "what asks for tokens"] = "Authentication",
    username: UserName = "alice",
    attribute: Attributes = (),
    group: Groups = (),
    scope: Annotated[tuple[str, ...], "a scope of the access token"] = (
        "aws.cognito.signin.user.admin",
    ),
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A user gets tokens: change the claims of both, and the scopes."""
    request = {
        "userAttributes": attributes(scene, username, attribute),
        **groups(group, scene, partition(scene.region)),
        "scopes": list(scope),
        **metadata(client_metadata),
    }
    user = (user_pool_id, client_id, username)
    response = {"claimsAndScopeOverrideDetails": None}
    return event(scene, f"TokenGeneration_{cause}", request, response, user, "2")


def pre_token_generation_v3(
    scene: Scene,
    *,
    scope: Annotated[tuple[str, ...], "a scope of the access token"] = ("orders/read",),
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A machine gets an access token by its client's credentials: there is no user."""
    request = {
        "userAttributes": {},
        **groups((), scene, partition(scene.region)),
        "scopes": list(scope),
        **metadata(client_metadata),
    }
    user = (user_pool_id, client_id, "")
    response = {"claimsAndScopeOverrideDetails": None}
    return event(scene, "TokenGeneration_ClientCredentials", request, response, user, "3")


def user_migration(
    scene: Scene,
    *,
    cause: Annotated[Migration, "what the user wanted"] = "Authentication",
    username: UserName = "alice",
    password: Annotated[str, "as the user wrote it"] = "correct horse battery staple",
    validation_data: Validation = None,
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A user that the pool does not know signs in: bring the account from elsewhere."""
    request = {
        "password": password if cause == "Authentication" else "",
        "validationData": validation_data,
        **metadata(client_metadata),
    }
    response = {
        "userAttributes": None,
        "forceAliasCreation": None,
        "enableSMSMFA": None,
        "finalUserStatus": None,
        "messageAction": None,
        "desiredDeliveryMediums": None,
    }
    user = (user_pool_id, client_id, username)
    return event(scene, f"UserMigration_{cause}", request, response, user)


def custom_message(
    scene: Scene,
    *,
    cause: Annotated[Message, "what the message is for"] = "SignUp",
    username: UserName = "alice",
    attribute: Attributes = (),
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A message with a code is to be sent: write it."""
    invited = {"usernameParameter": "{username}"} if cause == "AdminCreateUser" else {}
    request = {
        "userAttributes": attributes(scene, username, attribute, "UNCONFIRMED"),
        "codeParameter": "{####}",
        "linkParameter": "{##Click Here##}",
        **invited,
        **metadata(client_metadata),
    }
    response = {"smsMessage": None, "emailMessage": None, "emailSubject": None}
    user = (user_pool_id, client_id, username)
    return event(scene, f"CustomMessage_{cause}", request, response, user)


def _sender(
    scene: Scene, kind: str, cause: str, user: tuple[str | None, str, str], said: dict[str, Any]
) -> dict[str, Any]:
    request = {"type": f"custom{kind}SenderRequestV1", "code": scene.base64(180), **said}
    return event(scene, f"Custom{kind}Sender_{cause}", request, None, user)


def custom_email_sender(
    scene: Scene,
    *,
    cause: Annotated[Sent, "what the message is for"] = "SignUp",
    username: UserName = "alice",
    attribute: Attributes = (),
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """An e-mail is to be sent by the function itself: its code is encrypted."""
    told = attributes(scene, username, attribute, "UNCONFIRMED")
    said = {"clientMetadata": client_metadata, "userAttributes": told}
    return _sender(scene, "Email", cause, (user_pool_id, client_id, username), said)


def custom_sms_sender(
    scene: Scene,
    *,
    cause: Annotated[Message, "what the message is for"] = "SignUp",
    username: UserName = "alice",
    attribute: Attributes = ("phone_number=+15550100",),
    client_metadata: Metadata = None,
    user_pool_id: PoolId = None,
    client_id: ClientId = CLIENT_ID,
) -> dict[str, Any]:
    """A text message is to be sent by the function itself: its code is encrypted."""
    told = attributes(scene, username, attribute, "UNCONFIRMED")
    said = {"clientMetadata": client_metadata, "userAttributes": told}
    return _sender(scene, "SMS", cause, (user_pool_id, client_id, username), said)
