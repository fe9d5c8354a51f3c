// Package report builds the reports that the StackTach API lists and shows: what a period's requests took and how they failed,
// whether usage and audit records agree, what was used, and what this program itself did.
//
// A report is built in three steps. Parse turns options into Params, Params.Period turns those and a clock reading into the
// Period, and one builder a kind turns both and its input into a Report:
//
//	kind                        builder         needs
//	summary                     Summary         window, request, body, deployments
//	Error detail report         ErrorDetails    window, request, body, deployments
//	nova usage audit            NovaUsage       exists twice, launches, deletes, place
//	glance usage audit          GlanceUsage     exists twice, images, deletes
//	image events audit          ImageEvents     glance events, exists
//	public outbound bandwidth   Bandwidth       exists
//	instance hours              InstanceHours   exists, tenants, body
//	yard operations             YardOperations  yard events, history
//
// Every report is a list: row 0 is its metadata, row 1 a header, and the rows after it have as many cells as the header. Where no
// table fits, row 0 says report_format json, and readers show the rows as they are. The same input gives the same bytes, whatever
// the order of its rows: keys and rows are sorted.
//
// The package decides nothing about when a report is made or where it is kept. It reads no store and no clock: rows come in as
// streams and functions, and an error of one of them ends the report.
package report
