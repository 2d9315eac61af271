"""
What AWS or the scenario format knows and this version does not simulate yet.

Such a setting is refused by its name, never ignored. Whoever builds one deletes its word here.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# AWS::Serverless::Function
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
FUNCTION_PROPERTIES = _words(
    """
    AutoPublishAliasAllProperties AutoPublishCodeSha256 CapacityProviderConfig
    CodeSigningConfigArn DeploymentPreference DurableConfig
    FileSystemConfigs FunctionScalingConfig ImageConfig ImageUri
    Layers LoggingConfig PropagateTags PublishToLatestPublished
    RuntimeManagementConfig SnapStart SourceKMSKeyArn TenancyConfig Tracing
    VersionDeletionPolicy
    """
)

# An event that is polled, and what CreateEventSourceMapping takes besides
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-kinesis.html
MAPPING_PROPERTIES = _words(
    """
    KMSKeyArn KmsKeyArn LoggingConfig ProvisionedPollerConfig SourceAccessConfigurations Tags
    """
)

EVENT_TYPES = _words(
    """
    AlexaSkill CloudFormation Cognito DocumentDB IoTRule MQ MSK SelfManagedKafka
    """
)

RESOURCE_TYPES = _words("bucket queue topic")

STEPS = _words(
    """
    fail
    """
)
