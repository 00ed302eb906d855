using System.Net;
using Ips.Actors.HttpFront;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.Time.Testing;

namespace Ips.Actors.Tests.HttpFront;

public sealed class WindowMeterTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddDays(1));
    private readonly WindowMeter _meter;

    public WindowMeterTests() => _meter = new(() => 10, _time);

    [Fact]
    public void Begin_NobodyWatches_IsNothing()
    {
        Assert.Null(_meter.Begin(Request(), null));
        Assert.Null(_meter.Take());
        Assert.Empty(_meter.NameRoutes());
    }

    [Fact]
    public void Ended_ARequest_IsOfItsRoute()
    {
        _meter.Begin(null);
        _meter.Ended(_meter.Begin(Request("GET", "items/{id}"), null)!, failed: true);
        _meter.Ended(_meter.Begin(Request("BREW"), null)!, failed: false);
        Assert.Equal(["? (no route)", "GET /items/{id}"], Take().Select(route => route.Route).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Ended_AfterAnErrorHandler_IsOfTheRouteThatFailed()
    {
        _meter.Begin(null);
        var request = Request("GET", "/error");
        request.Features.Set<IExceptionHandlerFeature>(
            new ExceptionHandlerFeature { Endpoint = Endpoint("/items"), Error = new IOException() });
        request.Response.StatusCode = StatusCodes.Status500InternalServerError;
        _meter.Ended(_meter.Begin(request, null)!, failed: true);
        Assert.Equal("GET /items", Assert.Single(Take()).Route);
    }

    [Fact]
    public void Note_AnException_IsAFailure()
    {
        _meter.Begin(null);
        var metered = _meter.Begin(Request(), null)!;
        Assert.False(metered.Note(new IOException()));
        _meter.Ended(metered, failed: false);
        var route = Assert.Single(Take());
        Assert.Equal((1, 1), (route.Errors, route.Exceptions));
    }

    [Fact]
    public void Note_WhatTheClientIsToBlameFor_IsNone()
    {
        _meter.Begin(null);
        var gone = Request();
        gone.RequestAborted = new CancellationToken(canceled: true);
        (HttpContext, Exception)[] ended = [(gone, new OperationCanceledException()), (Request(), new BadHttpRequestException(""))];
        foreach (var (request, error) in ended)
        {
            var metered = _meter.Begin(request, null)!;
            metered.Note(error);
            _meter.Ended(metered, failed: false);
        }

        Assert.Equal(0, Assert.Single(Take()).Errors);
    }

    [Fact]
    public void Terms_ConnectionsThatFailed_AreThoseOfTheLastSeconds()
    {
        _meter.Failed(Request()); // while nobody watches
        _time.Advance(TimeSpan.FromSeconds(4));
        _meter.Begin(null);
        _meter.Ended(_meter.Begin(Request(), null)!, failed: true);
        Assert.Equal([2], _meter.Terms().FailedBefore.Values);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal([1], _meter.Terms().FailedBefore.Values);
        Assert.Equal(10, _meter.Terms().ConnectionsBefore);
    }

    [Fact]
    public void KeyOf_AClient_IsTheSameInEachProcess()
    {
        // Pinned: the predecessor is another build.
        Assert.Equal(WindowMeter.KeyOf(Client("192.0.2.1", 4711), "a"), WindowMeter.KeyOf(Client("192.0.2.1", 4711), "b"));
        Assert.Equal(PinnedKey, WindowMeter.KeyOf(Client("192.0.2.1", 4711), "a"));
        Assert.Equal(4, new[]
        {
            WindowMeter.KeyOf(Client("192.0.2.1", 4711), ""), WindowMeter.KeyOf(Client("192.0.2.1", 4712), ""),
            WindowMeter.KeyOf(Client("192.0.2.2", 4711), ""), WindowMeter.KeyOf(Client("2001:db8::1", 4711), ""),
        }.Distinct().Count());
        Assert.NotEqual(WindowMeter.KeyOf(null, "0HN1"), WindowMeter.KeyOf(null, "0HN2"));

        static IPEndPoint Client(string address, int port) => new(IPAddress.Parse(address), port);
    }

    [Fact]
    public void RouteName_ALongPattern_IsCut()
    {
        var name = WindowMeter.RouteName("GET", "/" + new string('x', 200));
        Assert.Equal(100, name.Length);
        Assert.EndsWith("x…", name, StringComparison.Ordinal);
    }

    [Fact]
    public void UntilNext_AtAnyTime_IsTheEndOfAWindow()
    {
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(TimeSpan.FromMilliseconds(150), _meter.UntilNext);
        var index = _meter.Index;
        _time.Advance(TimeSpan.FromMilliseconds(150));
        Assert.Equal(index + 1, _meter.Index);
    }

    private IReadOnlyList<Ips.Actors.Handover.RouteWindow> Take()
    {
        _time.Advance(TimeSpan.FromMilliseconds(250));
        return _meter.Take()!.Routes;
    }

    private static DefaultHttpContext Request(string method = "GET", string? pattern = null)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = method;
        context.Connection.Id = "0HN1";
        if (pattern is not null) context.SetEndpoint(Endpoint(pattern));
        return context;
    }

    private static RouteEndpoint Endpoint(string pattern) =>
        new(_ => Task.CompletedTask, RoutePatternFactory.Parse(pattern), 0, null, null);

    private const long PinnedKey = 9190699212283412732;
}
