using System.Text;
using Ips.Testing.Fuzz;

namespace Ips.Transport.Tests.StrictClient;

/// <summary>The fuzz's own judge: it lets pass what must be, and nothing else.</summary>
public sealed class FuzzModelTests
{
    private const int Seed = 4711;

    private static readonly List<FuzzScript> s_scripts = [.. Enumerable.Range(0, 300).Select(number => FuzzScript.Make(Seed, number))];

    private static IEnumerable<FuzzScript> WholeScripts => s_scripts
        .Where(script => script.Ending is FuzzEnding.ReadsAll or FuzzEnding.HalfRequest);

    [Fact]
    public void Make_SameSeedAndNumber_SameScript()
    {
        foreach (var script in s_scripts) Assert.Equal(script.ToString(), FuzzScript.Make(Seed, script.Number).ToString());
        Assert.NotEqual(s_scripts[0].ToString(), FuzzScript.Make(Seed + 1, 0).ToString());
    }

    [Fact]
    public void Make_AllKindsAndEndings_Occur()
    {
        Assert.Equal(Enum.GetValues<FuzzEnding>(), s_scripts.Select(script => script.Ending).Distinct().Order());
        var requests = s_scripts.SelectMany(script => script.Requests).ToList();
        Assert.Equal(Enum.GetValues<FuzzExpect>(), requests.Select(request => request.Expect).Distinct().Order());
        Assert.Equal(Enum.GetValues<FuzzReading>(), requests.Where(request => request.Body.Length > 0).Select(request => request.Reading)
            .Distinct().Order());
        Assert.Contains(requests, request => request.LeavesBodyUnread
            && Encoding.ASCII.GetString(request.Body).Contains(FuzzModel.Smuggled, StringComparison.Ordinal));
    }

    [Fact]
    public void Make_Steps_SendTheRequestsAndNothingElse()
    {
        foreach (var script in s_scripts.Where(script => !script.IsCut))
        {
            byte[] sent = [.. script.Steps.OfType<FuzzStep.Send>().SelectMany(send => send.Bytes.ToArray())];
            byte[] requests = [.. script.Requests.SelectMany(request => request.Expect is FuzzExpect.NeverSends ? request.Head
                : [.. request.Head, .. request.Body])];
            Assert.Equal(requests, sent[..requests.Length]);
            Assert.Equal(script.Half is null, sent.Length == requests.Length);
        }
    }

    [Fact]
    public void Judge_EachAnswerOnce_IsRight() => Assert.All(WholeScripts, script => Assert.Null(FuzzModel.Judge(script, Seen(script))));

    [Fact]
    public void Judge_AnswerLost_IsWrong() => AssertWrong(answers => answers.RemoveAt(answers.Count / 2));

    [Fact]
    public void Judge_AnswerDoubled_IsWrong() => AssertWrong(answers => answers.Add(answers[^1]));

    [Fact]
    public void Judge_AnswersMixedUp_IsWrong() => AssertWrong(answers => (answers[0], answers[^1]) = (answers[^1], answers[0]), atLeast: 2);

    [Fact]
    public void Judge_AnswerOfAnotherConnection_IsWrong() =>
        AssertWrong(answers => answers[^1] = answers[^1] with { Digest = s_scripts[0].Requests[0].Answer }, except: 0);

    [Theory]
    [InlineData(400)]
    [InlineData(408)]
    [InlineData(500)]
    public void Judge_OtherStatus_IsWrong(int status) => AssertWrong(answers =>
        answers[^1] = answers[^1] with { Status = status, Close = true });

    [Fact]
    public void Judge_TwoTimes100_IsWrong() => AssertWrong(answers => answers[0] = answers[0] with { Continues = 2 });

    [Theory]
    [InlineData(FuzzEnd.ServerFin)]
    [InlineData(FuzzEnd.ServerReset)]
    [InlineData(FuzzEnd.TimedOut)]
    [InlineData(FuzzEnd.Malformed)]
    public void Judge_EndedUntold_IsWrong(object end) =>
        Assert.All(WholeScripts, script => Assert.NotNull(FuzzModel.Judge(script, Seen(script) with { End = (FuzzEnd)end })));

    [Fact]
    public void Judge_ResponseCut_IsWrong() => Assert.All(WholeScripts,
        script => Assert.NotNull(FuzzModel.Judge(script, Seen(script) with { HasRest = true })));

    [Fact]
    public void Judge_CloseAtTheLastAnswer_IsRightOnlyAfterAnUnreadBody()
    {
        var (right, wrong) = (0, 0);
        foreach (var script in WholeScripts)
        {
            var answers = Answers(script);
            answers[^1] = answers[^1] with { Close = true };
            var may = script.Requests.SkipLast(1).Any(request => request.LeavesBodyUnread);
            var fault = FuzzModel.Judge(script, new FuzzObservation(answers, FuzzEnd.ServerFin));
            Assert.True(may == fault is null, $"{script}: {fault}");
            _ = may ? right++ : wrong++;
            if (!may || script.OwesBody(answers.Count - 1)) continue;
            Assert.NotNull(FuzzModel.Judge(script, new FuzzObservation(answers, FuzzEnd.ClientLeft))); // a FIN must follow
            Assert.NotNull(FuzzModel.Judge(script, new FuzzObservation(answers, FuzzEnd.ServerReset)));
        }

        Assert.True(right > 0 && wrong > 0);
    }

    [Fact]
    public void Judge_AnswerAfterClose_IsWrong() => AssertWrong(answers => answers[0] = answers[0] with { Close = true }, atLeast: 2);

    [Fact]
    public void Judge_CloseThatWasAskedFor_MustComeWithAFin()
    {
        foreach (var script in s_scripts.Where(script => script.Ending is FuzzEnding.AsksClose
            && !script.OwesBody(script.Requests.Count - 1)))
        {
            Assert.Null(FuzzModel.Judge(script, Seen(script) with { End = FuzzEnd.ServerFin }));
            Assert.NotNull(FuzzModel.Judge(script, Seen(script) with { End = FuzzEnd.ClientLeft }));
            Assert.NotNull(FuzzModel.Judge(script,
                new FuzzObservation([.. Seen(script).Answers.Select(answer => answer with { Close = false })], FuzzEnd.ServerFin)));
        }
    }

    [Theory]
    [InlineData(FuzzEnding.Resets)]
    [InlineData(FuzzEnding.SendsFin)]
    public void Judge_ClientEndedIt_WhatItHasMustBeInOrder(object ending)
    {
        foreach (var script in s_scripts.Where(script => script.Ending == (FuzzEnding)ending && script.Requests.Count > 1))
        {
            var answers = Answers(script);
            Assert.Null(FuzzModel.Judge(script, new FuzzObservation([], FuzzEnd.ServerReset)));
            Assert.Null(FuzzModel.Judge(script, new FuzzObservation(answers[..1], FuzzEnd.ServerFin, HasRest: true)));
            Assert.NotNull(FuzzModel.Judge(script, new FuzzObservation(answers[1..], FuzzEnd.ServerFin)));
            Assert.NotNull(FuzzModel.Judge(script, new FuzzObservation([.. answers, answers[^1]], FuzzEnd.ServerFin)));
        }
    }

    [Fact]
    public void JudgeJournal_EachRequestAtMostOnce()
    {
        var runs = WholeScripts.Select(script => (script, Seen(script))).ToList();
        var ids = runs.SelectMany(run => run.script.Requests).Select(request => request.Id).ToList();
        Assert.Empty(FuzzModel.JudgeJournal(runs, ids));
        Assert.Single(FuzzModel.JudgeJournal(runs, ids.Skip(1)));
        Assert.Single(FuzzModel.JudgeJournal(runs, ids.Append(ids[0])));
        Assert.Single(FuzzModel.JudgeJournal(runs, ids.Append($"{FuzzModel.Smuggled}-{ids[0]}")));
    }

    private static void AssertWrong(Action<List<FuzzAnswer>> change, int atLeast = 1, int except = -1) =>
        Assert.All(WholeScripts.Where(script => script.Requests.Count >= atLeast && script.Number != except), script =>
        {
            var answers = Answers(script);
            change(answers);
            Assert.NotNull(FuzzModel.Judge(script, new FuzzObservation(answers, FuzzEnd.ClientLeft)));
        });

    private static FuzzObservation Seen(FuzzScript script) => new(Answers(script), FuzzEnd.ClientLeft);

    private static List<FuzzAnswer> Answers(FuzzScript script) =>
        [.. script.Requests.Select(request => new FuzzAnswer(200, request.Answer, request.Id, request.AsksClose, 1,
            request.Expect is FuzzExpect.Waits ? 1 : 0))];
}
