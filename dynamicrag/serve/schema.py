"""Bodies of requests and responses, for checking and for the OpenAPI document."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from dynamicrag.graph.events import Source
from dynamicrag.records import Decision, Figure
from dynamicrag.turn import Escalation

MOST_MESSAGES, LONGEST_NAME = 1_000, 200

Name = Annotated[StrictStr, Field(max_length=LONGEST_NAME)]
Value = StrictStr | StrictBool | StrictInt | StrictFloat


class Part(BaseModel):
    """A part of a message's content; only text is read."""

    model_config = ConfigDict(extra="allow")
    type: Name
    text: StrictStr | None = None


class Message(BaseModel):
    """A message of the conversation; further keys are ignored."""

    role: Literal["system", "developer", "user", "assistant"]
    content: StrictStr | list[Part] | None = None


class CallOptions(BaseModel):
    """Options of this query, see "Set options per call"; the server's own limits hold as well."""

    model_config = ConfigDict(extra="forbid")
    options: dict[Name, Name] = Field({}, description="The option to take, by stage.")
    closed: dict[Name, list[Name]] = Field({}, description="Options to exclude, by stage.")
    budget: dict[Name, float] = Field({}, description="Limit of the query's cost, by dimension.")
    filter: dict[Name, Value | list[Value]] = Field({}, description="Metadata that passages must have.")
    tags: list[Name] = Field([], description="Labels for reports.", max_length=40)


class StreamOptions(BaseModel):
    """Options of a stream."""

    include_usage: bool | None = None


class ChatRequest(BaseModel):
    """A request for an answer. Further parameters of OpenAI's API are refused or ignored."""

    model_config = ConfigDict(extra="allow")
    model: Name = Field(description="Name of a policy.")
    messages: list[Message] = Field(
        min_length=1, max_length=MOST_MESSAGES, description="The conversation; the last one is the question."
    )
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: Name | None = Field(None, description="Your name of the end user, for budgets and reports.")
    metadata: dict[Name, Name] | None = Field(None, description="Facts that routers may use.", max_length=16)
    dynamicrag: CallOptions | None = None


class Answer(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one choice."""

    index: int = 0
    message: Answer
    logprobs: None = None
    finish_reason: Literal["stop", "length"]


class Usage(BaseModel):
    """Tokens of all models that the query asked."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Extension(BaseModel):
    """The way of the query and its cost."""

    query_id: str = Field(description="For feedback and decisions.")
    policy: str
    path: dict[str, str] = Field(description="The option in force at each stage.")
    cost: dict[str, Figure] = Field(description="By dimension, with provenance.")
    provisional: bool = Field(description="Whether the meter has yet to cover some calls.")
    sources: list[Source]
    abstained: bool
    outside: bool = Field(description="Whether the documents do not cover the question.")
    escalations: list[Escalation]
    ignored: list[str] = Field(description="Parameters of the request without effect.")


class Completion(BaseModel):
    """A whole answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    dynamicrag: Extension


class ModelCard(BaseModel):
    """A policy, as a model."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["dynamicrag"] = "dynamicrag"


class ModelList(BaseModel):
    """All policies."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class FeedbackRequest(BaseModel):
    """A score, or a preference between two options of a stage."""

    model_config = ConfigDict(extra="forbid")
    query_id: Name
    score: float | bool | None = Field(None, ge=0, le=1, description="Quality of the answer.")
    prefer: Name | None = Field(None, description="The better option, instead of a score.")
    over: Name | None = Field(None, description="The option that it is compared with.")
    tie: bool = Field(False, description="Whether the two options are equally good.")
    stage: Name | None = Field(None, description="The rated stage.")
    name: Annotated[Name, Field(min_length=1)] | None = Field(None, description="Kind of the feedback.")


class FeedbackStored(BaseModel):
    """The result of feedback."""

    query_id: str
    changed: bool = Field(description="False if the same feedback was stored before.")


class Explained(BaseModel):
    """Why a query went its way, and its cost."""

    model_config = ConfigDict(extra="allow")
    query_id: str
    path: dict[str, str]
    decisions: list[Decision]
    stages: dict[str, dict[str, Figure]]
    cost: dict[str, Figure]


class ErrorDetail(BaseModel):
    """An error in OpenAI's form."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every response that is not a success."""

    error: ErrorDetail
