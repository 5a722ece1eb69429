"""What a silence or maintenance window may say; everything that is wrong with one is told at once."""

from datetime import timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.gateway.domain.records import Match, Silence
from services.gateway.domain.rules.check_match import check_match
from services.gateway.domain.rules.invalid import Errors, SilenceInvalid
from services.gateway.domain.rules.recurrence import RepeatInvalid, read_repeat
from services.gateway.domain.rules.spans import wall_length

MAX_PAST, MAX_AHEAD = timedelta(days=366), timedelta(days=1_830)
MAX_SPAN = timedelta(days=90)
MAX_COMMENT = 1_000
# Enough spans to see the shortest distance between two: more than a year of any rule that is understood.
_LOOKED_AT = 400


def check_silence(silence: Silence) -> None:
    """Raise SilenceInvalid, with every reason, unless the silence can be taken up as it is."""
    errors = Errors()
    errors.unless(
        0 < len(silence.comment.strip()) <= MAX_COMMENT, "comment", f"say why, in 1 to {MAX_COMMENT:,} characters"
    )
    check_match(errors, "", silence.match, silence.when)
    if silence.match == Match() and not silence.when.strip():
        errors.add("match", 'it would hold back every signal; to mean that, set when to "true"')
    length = silence.ends_at - silence.starts_at
    errors.unless(length > timedelta(0), "endsAt", "it must be after startsAt")
    errors.unless(length <= MAX_SPAN, "endsAt", f"at most {MAX_SPAN.days} days after startsAt")
    # A recurrence is walked from its beginning, and no calendar reaches the ends of time.
    is_near = -MAX_PAST <= silence.starts_at - silence.created_at <= MAX_AHEAD
    errors.unless(is_near, "startsAt", f"at most {MAX_PAST.days} days ago and {MAX_AHEAD.days} days ahead")
    if not is_near:
        raise SilenceInvalid(errors.found)
    zone = _zone(errors, silence.timezone)
    if zone is not None and silence.repeat is not None and length > timedelta(0):
        _check_repeat(errors, silence, silence.repeat, zone)
    if errors.found:
        raise SilenceInvalid(errors.found)


def _zone(errors: Errors, name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # A folder of the database is an OSError.
        errors.add("timezone", "unknown; give a name such as Europe/Berlin or UTC")
        return None


def _check_repeat(errors: Errors, silence: Silence, repeat: str, zone: ZoneInfo) -> None:
    try:
        begins = list(islice(read_repeat(repeat, silence.starts_at, zone), _LOOKED_AT))
    except RepeatInvalid as error:
        errors.add("repeat", str(error))
        return
    first = silence.starts_at.astimezone(zone).replace(tzinfo=None)
    if not begins or begins[0] != first.replace(microsecond=0):
        errors.add("repeat", "startsAt must itself be one of the times it names")
    shortest = min((later - earlier for earlier, later in pairwise(begins)), default=MAX_SPAN * 2)
    # Where the clocks are set back within the span, it is shorter on the wall than it lasts, or ends before it begins.
    on_the_wall = wall_length(silence, zone)
    errors.unless(on_the_wall > timedelta(0), "endsAt", "by the clocks of its timezone it ends before it begins")
    errors.unless(on_the_wall < shortest, "repeat", "a span must be over before the next one begins")
