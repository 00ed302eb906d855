using Ips.Host.Inventory.Storage;

namespace Ips.Host.Api;

/// <summary>Answers what nobody caught with 500, code 5000 and the trace id, and logs it once, with the stack.</summary>
internal sealed class ErrorMiddleware(RequestDelegate next, ILogger<ErrorMiddleware> log)
{
    /// <summary>Runs the rest of the pipeline.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The client went away: nobody to answer, and no fault of ours.
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, Problems.BadRequest(e.StatusCode, e.Message));
        }
        catch (StoreBusyException e) when (!context.Response.HasStarted)
        {
            log.StoreBusy(context.Request.Method, context.Request.Path, context.TraceIdentifier, e.Message);
            await AnswerAsync(context, Problems.StoreBusy);
        }
        catch (Exception e)
        {
            log.UnhandledError(e, context.Request.Method, context.Request.Path, context.TraceIdentifier);
            // Half an answer must not look like a whole one.
            if (context.Response.HasStarted) context.Abort();
            else await AnswerAsync(context, Problems.Internal(context.TraceIdentifier));
        }
    }

    private static Task AnswerAsync(HttpContext context, Problem problem)
    {
        context.Response.Clear();
        context.Response.Headers[TraceIdMiddleware.HeaderName] = context.TraceIdentifier;
        if (problem.Status == StatusCodes.Status503ServiceUnavailable) context.Response.Headers.RetryAfter = "1";
        return Envelope.WriteProblemAsync(context, problem);
    }
}
