"""The report: a postmortem draft in Markdown, written from the record of an incident alone. Pure."""

from services.gateway.domain.report.draft import write_report
from services.gateway.domain.report.material import ReportAction, ReportEvidence, ReportInput

__all__ = ["ReportAction", "ReportEvidence", "ReportInput", "write_report"]
