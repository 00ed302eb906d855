namespace Ips.Host.ProcessTests.Observability;

/// <summary>The cases by which <c>promtool test rules</c> evaluates the alerts of the docs: what fires each, and what does not.</summary>
internal static class RuleCases
{
    // Samples each minute: a+bxn is a first value, a step, and how many more; _ is a scrape without the series.
    private const string Cases = """
        rule_files: ["RULES"]
        evaluation_interval: 1m
        tests:
          - interval: 1m
            input_series:
              - { series: 'ips_reload_duration_seconds_count{instance="bad",ips_reload_outcome="rolled-back"}', values: '_x10 1x20' }
              - { series: 'ips_reload_duration_seconds_count{instance="good",ips_reload_outcome="promoted"}', values: '_x10 1x20' }
            alert_rule_test:
              - alertname: IpsReloadRolledBack
                eval_time: 12m
                exp_alerts: [ { exp_labels: { severity: warning, instance: bad, ips_reload_outcome: rolled-back },
                  exp_annotations: { summary: "A reload of bad was rolled back; the old release serves.",
                    description: "ips history shows the reason. error.type: " } } ]
              - { alertname: IpsReloadRolledBack, eval_time: 5m }
              - { alertname: IpsReloadRolledBack, eval_time: 30m }
          - interval: 1m
            input_series:
              - { series: 'ips_drain_aborted_requests_total{instance="cut"}', values: '3x10 5x20' }
              - { series: 'ips_drain_aborted_requests_total{instance="whole"}', values: '3x30' }
            alert_rule_test:
              - alertname: IpsDrainAbortedRequests
                eval_time: 14m
                exp_alerts: [ { exp_labels: { severity: warning, instance: cut },
                  exp_annotations: { summary: "A drain of cut cut requests at its deadline.",
                    description: "Requests take longer than ips.drain.timeout, or hang." } } ]
              - { alertname: IpsDrainAbortedRequests, eval_time: 8m }
          - interval: 1m
            input_series:
              - { series: 'ips_generation_current{instance="piles",job="ips",ips_generation_state="draining"}', values: '1x4 3x30' }
              - { series: 'ips_generation_count{instance="one",job="ips",ips_generation_state="draining"}', values: '1x34' }
              - { series: 'ips_generation_count{instance="brief",job="ips",ips_generation_state="draining"}', values: '0x4 3x2 0x30' }
            alert_rule_test:
              - alertname: IpsGenerationsPileUp
                eval_time: 12m
                exp_alerts: [ { exp_labels: { severity: warning, instance: piles, job: ips },
                  exp_annotations: { summary: "3 old generations of piles have been draining for 5 minutes.",
                    description: "Clients hold connections that cannot move. At ips.reload.max-generations a reload aborts the
                      oldest." } } ]
              - { alertname: IpsGenerationsPileUp, eval_time: 9m }
          - interval: 1m
            input_series:
              - { series: 'ips_reload_duration_seconds_sum{instance="slow",ips_reload_outcome="promoted"}', values: '7x60 20x20' }
              - { series: 'ips_reload_duration_seconds_count{instance="slow",ips_reload_outcome="promoted"}', values: '1x81' }
              - { series: 'ips_reload_duration_seconds_sum{instance="usual",ips_reload_outcome="promoted"}', values: '7x60 9x20' }
              - { series: 'ips_reload_duration_seconds_count{instance="usual",ips_reload_outcome="promoted"}', values: '1x81' }
            alert_rule_test:
              - alertname: IpsReloadSlow
                eval_time: 65m
                exp_alerts: [ { exp_labels: { severity: info, instance: slow, ips_reload_outcome: promoted },
                  exp_annotations: { summary: "The last reload of slow took more than twice its median of a week." } } ]
              - { alertname: IpsReloadSlow, eval_time: 50m }
          - interval: 1m
            input_series:
              - { series: 'ips_generation_start_time_seconds{instance="crashed",job="ips"}', values: '1000x10 1600x30' }
              - { series: 'ips_generation_number{instance="crashed",job="ips"}', values: '4x10 1x30' }
              - { series: 'ips_generation_start_time_seconds{instance="reloaded",job="ips"}', values: '1000x10 1600x30' }
              - { series: 'ips_generation_number{instance="reloaded",job="ips"}', values: '4x10 5x30' }
            alert_rule_test:
              - alertname: IpsRestarted
                eval_time: 13m
                exp_alerts: [ { exp_labels: { severity: warning, instance: crashed, job: ips },
                  exp_annotations: { summary: "crashed was started again by its supervisor: the count of its generations began anew." } } ]
              - { alertname: IpsRestarted, eval_time: 9m }
              - { alertname: IpsRestarted, eval_time: 30m }
        """;

    /// <summary>The file for promtool.</summary>
    /// <param name="rules">The path of the alerts.</param>
    public static string Write(string rules) => Cases.Replace("RULES", rules, StringComparison.Ordinal);
}
