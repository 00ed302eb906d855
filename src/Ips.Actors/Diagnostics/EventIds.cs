namespace Ips.Actors.Diagnostics;

/// <summary>Ids of log events, a contract with log searches: a range per room; a retired id is not used again.</summary>
internal static class EventIds
{
    // Lifecycle 1000
    public const int StateChanged = 1000;
    public const int EventIgnored = 1001;
    public const int ReloadRefused = 1002;
    public const int ReloadDeferred = 1003;
    public const int ReloadStarted = 1004;
    public const int ReloadPromoted = 1005;
    public const int ReloadFailed = 1006;
    public const int Exiting = 1007;
    public const int DrainBegan = 1008;
    public const int DrainTimedOut = 1009;
    public const int IdentityPublished = 1010;
    public const int IdentityFailed = 1011;
    public const int Stopping = 1012;
    public const int ConfigurationInvalid = 1013;
    public const int EffectFailed = 1014;
    public const int ActorRestarted = 1015;
    public const int ActorLost = 1016;
    public const int LogReopened = 1017;
    public const int LogReopenFailed = 1018;
    public const int Alone = 1019;
    public const int TakeoverStarted = 1020;
    public const int CheckStarted = 1030;
    public const int CheckPassed = 1031;
    public const int CheckFailed = 1032;
    public const int LastGoodFailed = 1033;
    public const int SuccessorGivenUp = 1034;
    public const int Pinned = 1035;
    public const int Paused = 1040;
    public const int Resumed = 1041;
    public const int PauseRefused = 1042;
    public const int PrivilegesDropped = 1043;
    public const int RunFolderReplaced = 1045;
    public const int LinesLost = 1046;
    public const int OutputDropped = 1047;
    public const int WorkingDirectoryResolved = 1048;
    public const int EventsLost = 1049;
    public const int RestartBegan = 1050;
    public const int Restarted = 1051;
    public const int RestartFailed = 1052;
    public const int SocketsNotKept = 1053;
    public const int PathRestored = 1055;
    public const int PathNotRestored = 1056;
    public const int ReloadPassedOn = 1060;
    public const int ReloadNotPassedOn = 1061;
    public const int ReloadStopped = 1062;
    public const int HistoryNotKept = 1063;
    public const int HistoryUnreadable = 1064;
    public const int ConfigurationChanged = 1070;
    public const int ListenerNotOwned = 1072;
    public const int IdentityMoved = 1073;
    public const int FilesUnavailable = 1074;
    public const int Inert = 1075;
    public const int CircuitsAreLost = 1076;
    public const int SessionsAreLost = 1077;
    public const int KeysAreLost = 1078;
    public const int JobsRunTwice = 1080;
    public const int PrimaryServiceFailed = 1081;
    public const int PrimaryServiceStopsHost = 1082;
    public const int ActorSystemFault = 1083;
    public const int NoRoomForSuccessor = 1084;

    // Signals 1100
    public const int SignalReceived = 1100;
    public const int HangupIgnored = 1101;

    // Listener 1200
    public const int Bound = 1200;
    public const int Adopted = 1201;
    public const int AcceptingStarted = 1202;
    public const int AcceptingQuiesced = 1203;
    public const int Released = 1204;
    public const int AcceptFailed = 1205;
    public const int OfferUnused = 1206;
    public const int AdoptionFailed = 1207;
    public const int PassedTaken = 1230;
    public const int OpenFilesLimit = 1240;
    public const int OpenFilesScarce = 1241;
    public const int AcceptStarved = 1242;

    // Reloader 1300
    public const int SuccessorSpawned = 1300;
    public const int SpawnFailed = 1301;
    public const int SuccessorHello = 1302;
    public const int SuccessorReady = 1303;
    public const int SuccessorFailed = 1304;
    public const int SuccessorEnding = 1305;
    public const int SuccessorGone = 1306;
    public const int SuccessorRefused = 1307;
    public const int FrameUnexpected = 1308;
    public const int SuccessorTakeover = 1309;
    public const int ReturnFailed = 1310;
    public const int FrameFailed = 1311;
    public const int CanaryShare = 1312;
    public const int ProbationLengthened = 1313;
    public const int MakingRoom = 1330;
    public const int AwaitingRoom = 1331;
    public const int FilesShared = 1340;

    // HttpFront 1400
    public const int FrontReady = 1400;
    public const int FrontFailed = 1401;
    public const int Drained = 1402;
    public const int Aborted = 1403;
    public const int RoleHandlerFailed = 1404;
    public const int RoleHandlerSlow = 1405;
    public const int WarmedUp = 1406;
    public const int IntakeOpen = 1408;
    public const int WarmupUnfinished = 1409;
    public const int ChecksExcused = 1410;
    public const int WarmupFailed = 1411;
    public const int ServesUnhealthy = 1412;
    public const int AwaitingHealth = 1413;
    public const int FarewellFailed = 1440;

    // Predecessor 1500
    public const int Joined = 1500;
    public const int PredecessorFarewell = 1501;
    public const int PredecessorLost = 1502;
    public const int PredecessorStops = 1503;

    public const int ConnectionsAdopted = 1504;
    public const int IntakeFailed = 1505;
    public const int ConnectionsDeclined = 1506;
    public const int PredecessorFrameFailed = 1507;
    public const int IdentityRefused = 1508;
    public const int PredecessorRequests = 1509;
    public const int ChannelFailed = 1530;

    // Control 1600
    public const int ControlRequested = 1600;
    public const int ControlFailed = 1601;
    public const int ControlDenied = 1602;

    // Supervise 1700
    public const int SupervisorStarted = 1700;
    public const int SupervisorFollows = 1701;
    public const int SupervisedCrash = 1702;
    public const int SupervisedRestart = 1703;
    public const int SupervisedRestarted = 1704;
    public const int SupervisedStartFailed = 1705;
    public const int SupervisorSignalLost = 1706;
    public const int SupervisorEnds = 1707;
    public const int SupervisedEnvironmentFailed = 1708;
    public const int SupervisorPacketIgnored = 1709;
    public const int SupervisorSocketsLost = 1710;
    public const int SupervisorChannelEnded = 1711;
    public const int SupervisorSignalFailed = 1712;
    public const int SupervisedUnbindable = 1713;
    public const int SupervisorNotDetached = 1714;

    // Systemd 1800
    public const int NotifyFailed = 1800;

    // Takeover 1900
    public const int TakeoverOffered = 1900;
    public const int TakeoverSocketFailed = 1901;
    public const int TakeoverAsked = 1902;
    public const int TakeoverDenied = 1903;
    public const int TakeoverSilent = 1904;
    public const int TakeoverOutOfReach = 1905;
    public const int TakeoverAcceptFailed = 1906;
    public const int ControlRebound = 1907;
    public const int IdentityRenewed = 1908;

    // Transport 3400
    public const int ConnectionReset = 3401;
    public const int ConnectionError = 3402;
    public const int ConnectionMoved = 3403;
    public const int ClosedCallbackFailed = 3404;
    public const int CarrierLost = 3405;
    public const int ConnectionsMoved = 3406;
    public const int ReplayRefused = 3407;
    public const int UpgradesRefused = 3408;
    public const int TunnelsStay = 3409;
}
