// Package samples holds lines of logs as Java services write them, with what a
// reader should see in them. It knows nobody who reads them.
package samples

// Trace is a stack trace as it follows a line, with a message of two lines and a
// cause.
const Trace = "\njava.lang.IllegalStateException: order 7 is CLOSED\nand stays so\n\tat com.demo.Order.close(Order.java:42)\n\t... 31 more\n" +
	"Caused by: java.net.SocketTimeoutException: Read timed out\n\tat java.net.Socket.read(Socket.java)\n\t... 8 more"

// First is what the first line of an event says.
type First struct {
	Level, Logger, Thread string
	Pid, Line             int
}

// Lines are first lines of events in the formats that are met.
var Lines = []struct {
	Name, Text string
	Want       First
}{
	{"Spring Boot 2", "2024-03-01 08:00:01.234  INFO 17 --- [nio-9090-exec-2] c.d.c.order.OrderController              : response 200",
		First{"INFO", "c.d.c.order.OrderController", "nio-9090-exec-2", 17, 0}},
	{"Spring Boot 2, comma", "2024-03-01 08:00:01,234 ERROR 17 --- [           main] c.d.c.order.OrderController              : response 200",
		First{"ERROR", "c.d.c.order.OrderController", "main", 17, 0}},
	{"Spring Boot 2, logger cut at its beginning", "2024-03-01 08:00:01.234  WARN 1 --- [io-9090-exec-37] .w.s.m.s.DefaultHandlerExceptionResolver : Resolved [x: y]",
		First{"WARN", ".w.s.m.s.DefaultHandlerExceptionResolver", "io-9090-exec-37", 1, 0}},
	{"Spring Boot 2, Tomcat's logger", "2024-03-01 08:00:01.234 ERROR 1 --- [nio-9090-exec-2] o.a.c.c.C.[.[.[/].[dispatcherServlet]    : Servlet.service() for servlet [x]",
		First{"ERROR", "o.a.c.c.C.[.[.[/].[dispatcherServlet]", "nio-9090-exec-2", 1, 0}},
	{"Spring Cloud Sleuth", "2024-03-01 08:00:01.234  INFO [orders,2485ec27856c56f4,2485ec27856c56f4,true] 1 --- [scheduling-1] c.d.Job : done",
		First{"INFO", "c.d.Job", "scheduling-1", 1, 0}},
	{"Spring Boot 3", "2024-03-01T08:00:01.234Z  INFO 1 --- [           main] c.d.Application                          : Started",
		First{"INFO", "c.d.Application", "main", 1, 0}},
	{"Spring Boot 3, application name", "2024-03-01T08:00:01.234Z  INFO 1 --- [orders] [nio-8080-exec-1] c.d.OrderController                       : done",
		First{"INFO", "c.d.OrderController", "nio-8080-exec-1", 1, 0}},
	{"Spring Boot 3, application name and trace ids", "2024-03-01T08:00:01.234Z DEBUG 1 --- [orders] [nio-8080-exec-1] [65e1a2b3c4d5e6f708192a3b4c5d6e7f-08192a3b4c5d6e7f] c.d.OrderController : done",
		First{"DEBUG", "c.d.OrderController", "nio-8080-exec-1", 1, 0}},
	{"Spring Boot 3, trace ids", "2024-03-01T08:00:01.234Z  INFO 1 --- [nio-8080-exec-1] [65e1a2b3c4d5e6f708192a3b4c5d6e7f-08192a3b4c5d6e7f] c.d.OrderController : done",
		First{"INFO", "c.d.OrderController", "nio-8080-exec-1", 1, 0}},
	{"Spring Boot 3, no trace", "2024-03-01T08:00:01.234Z  INFO 1 --- [orders] [           main] [                                                 ] c.d.Application : done",
		First{"INFO", "c.d.Application", "main", 1, 0}},
	{"logback, thread first", "2024-03-01 08:00:01.234 [main] INFO  c.d.Application - Started", First{"INFO", "c.d.Application", "main", 0, 0}},
	{"logback, two dashes and a line number", "2024-03-01 08:00:01.234 [http-nio-80-exec-1] WARN  c.d.Application:42 -- slow: 7 s", First{"WARN", "c.d.Application", "http-nio-80-exec-1", 0, 42}},
	{"logback, comma", "2024-03-01 08:00:01,234 [pool-1-thread-1] TRACE com.demo.Application: x", First{"TRACE", "com.demo.Application", "pool-1-thread-1", 0, 0}},
	{"logback, class name alone", "2024-03-01 08:00:01.234 [main] ERROR Application - boom", First{"ERROR", "Application", "main", 0, 0}},
	{"log4j, level first", "2024-03-01 08:00:01,234 INFO [main] org.apache.hadoop.MRAppMaster: Created", First{"INFO", "org.apache.hadoop.MRAppMaster", "main", 0, 0}},
	{"log4j, level in brackets", "2024-03-01 08:00:01,234 [INFO ] [main] com.demo.Application - Created", First{"INFO", "com.demo.Application", "main", 0, 0}},
	{"log4j, no thread", "2024-03-01 08:00:01,234 ERROR com.demo.Application:7 - Created", First{"ERROR", "com.demo.Application", "", 0, 7}},
	{"log4j, thread last", "2024-03-01 08:00:01,234 FATAL com.demo.Application [main] - Created", First{"FATAL", "com.demo.Application", "main", 0, 0}},
	{"java.util.logging's levels", "2024-03-01 08:00:01.234 [main] SEVERE com.demo.Application - x", First{"ERROR", "com.demo.Application", "main", 0, 0}},
	{"WARNING is WARN", "2024-03-01 08:00:01.234 WARNING [main] com.demo.Application: x", First{"WARN", "com.demo.Application", "main", 0, 0}},
	{"ZooKeeper", "2024-03-01 08:00:01,234 - INFO  [QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:FastLeaderElection@774] - Notification time out", First{"INFO", "", "", 0, 0}},
	{"level alone", "2024-03-01 08:00:01.234 INFO Started: in 3 s", First{"INFO", "", "", 0, 0}},
	{"level behind brackets", "2024-03-01 08:00:01.234 [req-1] [user 7] ERROR what: a day", First{"ERROR", "", "", 0, 0}},
}
