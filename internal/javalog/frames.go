package javalog

// wrappers open a trace. Some messages have more than one line, as MyBatis
// makes them, and a blank one among them.
var wrappers = compileAll(
	"java.lang.NullPointerException",
	"java.lang.IllegalStateException: order {id} is CLOSED, expected PAID",
	"com.demo.cloud.common.exception.BusinessException: {note}",
	"com.demo.cloud.common.exception.RemoteCallException: {service} answered 503 for {url} after {number} ms",
	"feign.RetryableException: Read timed out executing POST http://{service}{url}",
	"feign.FeignException$InternalServerError: [500] during [GET] to [http://{service}{url}] [InventoryClient#reserve(Long,Integer)]: [{json}]",
	"org.springframework.dao.DuplicateKeyException: PreparedStatementCallback; SQL [{sql}]; Duplicate entry '{id}' for key 'uk_order_no'",
	"org.springframework.http.converter.HttpMessageNotReadableException: JSON parse error: Cannot deserialize value of type `java.lang.Long` from String \"{user}\": not a valid Long value",
	"org.mybatis.spring.MyBatisSystemException: nested exception is org.apache.ibatis.exceptions.PersistenceException: \n"+
		"### Error querying database.  Cause: org.springframework.jdbc.CannotGetJdbcConnectionException: Failed to obtain JDBC Connection\n"+
		"### The error may exist in class path resource [mapper/OrderMapper.xml]\n"+
		"\n"+
		"### SQL: {sql}\n"+
		"### Cause: HikariPool-1 - Connection is not available, request timed out after {number}ms.",
	"com.netflix.hystrix.exception.HystrixRuntimeException: PaymentGatewayClient#query(String) timed-out and fallback failed.",
	"java.util.concurrent.CompletionException: com.demo.cloud.common.exception.BusinessException: {note}",
)

var causes = []cause{
	{compile("java.net.SocketTimeoutException: Read timed out"), []string{
		"java.net.SocketInputStream.socketRead0(Native Method)",
		"java.net.SocketInputStream.socketRead(SocketInputStream.java:116)",
		"java.net.SocketInputStream.read(SocketInputStream.java:171)",
		"java.net.SocketInputStream.read(SocketInputStream.java:141)",
		"org.apache.http.impl.io.SessionInputBufferImpl.streamRead(SessionInputBufferImpl.java:137)",
		"org.apache.http.impl.io.SessionInputBufferImpl.fillBuffer(SessionInputBufferImpl.java:153)",
		"org.apache.http.impl.io.SessionInputBufferImpl.readLine(SessionInputBufferImpl.java:280)",
		"org.apache.http.impl.conn.DefaultHttpResponseParser.parseHead(DefaultHttpResponseParser.java:138)",
		"org.apache.http.protocol.HttpRequestExecutor.execute(HttpRequestExecutor.java:125)",
		"feign.httpclient.ApacheHttpClient.execute(ApacheHttpClient.java:83)",
		"feign.SynchronousMethodHandler.executeAndDecode(SynchronousMethodHandler.java:119)",
	}},
	{compile("java.net.ConnectException: Connection refused (Connection refused) to {ip}:9090"), []string{
		"java.net.PlainSocketImpl.socketConnect(Native Method)",
		"java.net.AbstractPlainSocketImpl.doConnect(AbstractPlainSocketImpl.java:350)",
		"java.net.AbstractPlainSocketImpl.connectToAddress(AbstractPlainSocketImpl.java:206)",
		"java.net.SocksSocketImpl.connect(SocksSocketImpl.java:392)",
		"java.net.Socket.connect(Socket.java:607)",
		"org.apache.http.conn.socket.PlainConnectionSocketFactory.connectSocket(PlainConnectionSocketFactory.java:75)",
	}},
	{compile("java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after {number}ms."), []string{
		"com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)",
		"com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:197)",
		"com.zaxxer.hikari.HikariDataSource.getConnection(HikariDataSource.java:128)",
		"org.springframework.jdbc.datasource.DataSourceUtils.fetchConnection(DataSourceUtils.java:158)",
		"org.springframework.jdbc.datasource.DataSourceUtils.doGetConnection(DataSourceUtils.java:116)",
	}},
	{compile("java.sql.SQLIntegrityConstraintViolationException: Duplicate entry '{id}' for key 'uk_order_no'"), []string{
		"com.mysql.cj.jdbc.exceptions.SQLError.createSQLException(SQLError.java:117)",
		"com.mysql.cj.jdbc.exceptions.SQLExceptionsMapping.translateException(SQLExceptionsMapping.java:122)",
		"com.mysql.cj.jdbc.ClientPreparedStatement.executeInternal(ClientPreparedStatement.java:953)",
		"com.mysql.cj.jdbc.ClientPreparedStatement.executeUpdateInternal(ClientPreparedStatement.java:1092)",
		"com.zaxxer.hikari.pool.ProxyPreparedStatement.executeUpdate(ProxyPreparedStatement.java:61)",
		"com.zaxxer.hikari.pool.HikariProxyPreparedStatement.executeUpdate(HikariProxyPreparedStatement.java)",
		"org.apache.ibatis.executor.statement.PreparedStatementHandler.update(PreparedStatementHandler.java:47)",
	}},
	{compile("com.fasterxml.jackson.databind.exc.InvalidFormatException: Cannot deserialize value of type `java.lang.Long` from String \"{user}\": not a valid Long value\n at [Source: (PushbackInputStream); line: 1, column: {small}] (through reference chain: com.demo.cloud.order.interfaces.CreateOrderRequest[\"customerId\"])"), []string{
		"com.fasterxml.jackson.databind.exc.InvalidFormatException.from(InvalidFormatException.java:67)",
		"com.fasterxml.jackson.databind.DeserializationContext.weirdStringException(DeserializationContext.java:1991)",
		"com.fasterxml.jackson.databind.DeserializationContext.handleWeirdStringValue(DeserializationContext.java:1219)",
		"com.fasterxml.jackson.databind.deser.BeanDeserializer.vanillaDeserialize(BeanDeserializer.java:324)",
		"com.fasterxml.jackson.databind.ObjectMapper._readMapAndClose(ObjectMapper.java:4674)",
	}},
	{compile("java.lang.ArrayIndexOutOfBoundsException: {small}"), []string{
		"com.demo.cloud.promotion.domain.DiscountTable.rowFor(DiscountTable.java:61)",
		"com.demo.cloud.promotion.domain.DiscountTable.apply(DiscountTable.java:44)",
		"com.demo.cloud.promotion.domain.PriceCalculator.lambda$total$3(PriceCalculator.java:118)",
		"java.util.stream.ReferencePipeline$3$1.accept(ReferencePipeline.java:193)",
		"java.util.ArrayList$ArrayListSpliterator.forEachRemaining(ArrayList.java:1384)",
		"java.util.stream.AbstractPipeline.evaluate(AbstractPipeline.java:234)",
	}},
}

// ownFrames is one way down through the service's own code and its proxies;
// a trace shows a run of it.
var ownFrames = []string{
	"com.demo.cloud.payment.channel.PaymentGatewayClient.query(PaymentGatewayClient.java:88)",
	"com.demo.cloud.payment.channel.RetryingPaymentChannel.lambda$query$0(RetryingPaymentChannel.java:53)",
	"com.demo.cloud.payment.channel.RetryingPaymentChannel.query(RetryingPaymentChannel.java:49)",
	"com.demo.cloud.payment.application.PaymentService.confirm(PaymentService.java:142)",
	"com.demo.cloud.payment.application.PaymentService$$FastClassBySpringCGLIB$$8c1f3a60.invoke(<generated>)",
	"org.springframework.cglib.proxy.MethodProxy.invoke(MethodProxy.java:218)",
	"org.springframework.aop.framework.CglibAopProxy$CglibMethodInvocation.invokeJoinpoint(CglibAopProxy.java:793)",
	"org.springframework.aop.framework.ReflectiveMethodInvocation.proceed(ReflectiveMethodInvocation.java:163)",
	"org.springframework.transaction.interceptor.TransactionAspectSupport.invokeWithinTransaction(TransactionAspectSupport.java:388)",
	"org.springframework.transaction.interceptor.TransactionInterceptor.invoke(TransactionInterceptor.java:119)",
	"org.springframework.aop.framework.CglibAopProxy$DynamicAdvisedInterceptor.intercept(CglibAopProxy.java:708)",
	"com.demo.cloud.payment.application.PaymentService$$EnhancerBySpringCGLIB$$5d0e77b1.confirm(<generated>)",
	"com.demo.cloud.order.application.OrderService.pay(OrderService.java:217)",
	"com.demo.cloud.order.application.OrderService.place(OrderService.java:96)",
	"com.demo.cloud.order.interfaces.OrderController.create(OrderController.java:58)",
}

// webFrames is what a request of Spring MVC in Tomcat runs through, innermost
// first. With the fewest own frames it must still reach the deepest trace.
var webFrames = []string{
	"sun.reflect.GeneratedMethodAccessor312.invoke(Unknown Source)",
	"sun.reflect.DelegatingMethodAccessorImpl.invoke(DelegatingMethodAccessorImpl.java:43)",
	"java.lang.reflect.Method.invoke(Method.java:498)",
	"org.springframework.web.method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:205)",
	"org.springframework.web.method.support.InvocableHandlerMethod.invokeForRequest(InvocableHandlerMethod.java:150)",
	"org.springframework.web.servlet.mvc.method.annotation.ServletInvocableHandlerMethod.invokeAndHandle(ServletInvocableHandlerMethod.java:117)",
	"org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter.invokeHandlerMethod(RequestMappingHandlerAdapter.java:895)",
	"org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter.handleInternal(RequestMappingHandlerAdapter.java:808)",
	"org.springframework.web.servlet.mvc.method.AbstractHandlerMethodAdapter.handle(AbstractHandlerMethodAdapter.java:87)",
	"org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1067)",
	"org.springframework.web.servlet.DispatcherServlet.doService(DispatcherServlet.java:963)",
	"org.springframework.web.servlet.FrameworkServlet.processRequest(FrameworkServlet.java:1006)",
	"org.springframework.web.servlet.FrameworkServlet.doPost(FrameworkServlet.java:909)",
	"javax.servlet.http.HttpServlet.service(HttpServlet.java:681)",
	"org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:883)",
	"javax.servlet.http.HttpServlet.service(HttpServlet.java:764)",
	"org.apache.catalina.core.ApplicationFilterChain.internalDoFilter(ApplicationFilterChain.java:227)",
	"org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:162)",
	"org.apache.tomcat.websocket.server.WsFilter.doFilter(WsFilter.java:53)",
	"org.apache.catalina.core.ApplicationFilterChain.internalDoFilter(ApplicationFilterChain.java:189)",
	"org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:162)",
	"com.demo.cloud.gateway.filter.AccessLogFilter.doFilterInternal(AccessLogFilter.java:41)",
	"org.springframework.web.filter.OncePerRequestFilter.doFilter(OncePerRequestFilter.java:117)",
	"org.apache.catalina.core.ApplicationFilterChain.internalDoFilter(ApplicationFilterChain.java:189)",
	"org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:162)",
	"org.springframework.security.web.FilterChainProxy$VirtualFilterChain.doFilter(FilterChainProxy.java:327)",
	"org.springframework.security.web.access.intercept.FilterSecurityInterceptor.invoke(FilterSecurityInterceptor.java:115)",
	"org.springframework.security.web.access.ExceptionTranslationFilter.doFilter(ExceptionTranslationFilter.java:122)",
	"org.springframework.security.web.session.SessionManagementFilter.doFilter(SessionManagementFilter.java:126)",
	"org.springframework.security.web.authentication.AnonymousAuthenticationFilter.doFilter(AnonymousAuthenticationFilter.java:105)",
	"org.springframework.security.web.header.HeaderWriterFilter.doFilterInternal(HeaderWriterFilter.java:75)",
	"org.springframework.security.web.context.SecurityContextPersistenceFilter.doFilter(SecurityContextPersistenceFilter.java:110)",
	"org.springframework.security.web.FilterChainProxy.doFilterInternal(FilterChainProxy.java:211)",
	"org.springframework.security.web.FilterChainProxy.doFilter(FilterChainProxy.java:183)",
	"org.springframework.web.filter.DelegatingFilterProxy.invokeDelegate(DelegatingFilterProxy.java:354)",
	"org.springframework.web.filter.DelegatingFilterProxy.doFilter(DelegatingFilterProxy.java:267)",
	"org.apache.catalina.core.ApplicationFilterChain.internalDoFilter(ApplicationFilterChain.java:189)",
	"org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:162)",
	"org.springframework.web.filter.RequestContextFilter.doFilterInternal(RequestContextFilter.java:100)",
	"org.springframework.web.filter.OncePerRequestFilter.doFilter(OncePerRequestFilter.java:117)",
	"org.springframework.boot.actuate.metrics.web.servlet.WebMvcMetricsFilter.doFilterInternal(WebMvcMetricsFilter.java:96)",
	"org.springframework.web.filter.OncePerRequestFilter.doFilter(OncePerRequestFilter.java:117)",
	"org.springframework.web.filter.CharacterEncodingFilter.doFilterInternal(CharacterEncodingFilter.java:201)",
	"org.springframework.web.filter.OncePerRequestFilter.doFilter(OncePerRequestFilter.java:117)",
	"org.apache.catalina.core.ApplicationFilterChain.internalDoFilter(ApplicationFilterChain.java:189)",
	"org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:162)",
	"org.apache.catalina.core.StandardWrapperValve.invoke(StandardWrapperValve.java:197)",
	"org.apache.catalina.core.StandardContextValve.invoke(StandardContextValve.java:97)",
	"org.apache.catalina.authenticator.AuthenticatorBase.invoke(AuthenticatorBase.java:541)",
	"org.apache.catalina.core.StandardHostValve.invoke(StandardHostValve.java:135)",
	"org.apache.catalina.valves.ErrorReportValve.invoke(ErrorReportValve.java:92)",
	"org.apache.catalina.core.StandardEngineValve.invoke(StandardEngineValve.java:78)",
	"org.apache.catalina.connector.CoyoteAdapter.service(CoyoteAdapter.java:360)",
	"org.apache.coyote.http11.Http11Processor.service(Http11Processor.java:399)",
	"org.apache.coyote.AbstractProcessorLight.process(AbstractProcessorLight.java:65)",
	"org.apache.coyote.AbstractProtocol$ConnectionHandler.process(AbstractProtocol.java:889)",
	"org.apache.tomcat.util.net.NioEndpoint$SocketProcessor.doRun(NioEndpoint.java:1743)",
	"org.apache.tomcat.util.net.SocketProcessorBase.run(SocketProcessorBase.java:49)",
	"org.apache.tomcat.util.threads.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1191)",
	"org.apache.tomcat.util.threads.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:659)",
	"org.apache.tomcat.util.threads.TaskThread$WrappingRunnable.run(TaskThread.java:61)",
	"java.lang.Thread.run(Thread.java:750)",
}

// taskFrames is what a task of an executor runs through. A trace on it ends
// before the deepest ones do.
var taskFrames = []string{
	"org.springframework.cloud.sleuth.instrument.async.TraceRunnable.run(TraceRunnable.java:64)",
	"org.springframework.scheduling.support.DelegatingErrorHandlingRunnable.run(DelegatingErrorHandlingRunnable.java:54)",
	"java.util.concurrent.CompletableFuture$AsyncSupply.run(CompletableFuture.java:1604)",
	"java.util.concurrent.Executors$RunnableAdapter.call(Executors.java:511)",
	"java.util.concurrent.FutureTask.run(FutureTask.java:266)",
	"java.util.concurrent.ScheduledThreadPoolExecutor$ScheduledFutureTask.run(ScheduledThreadPoolExecutor.java:293)",
	"java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1149)",
	"java.util.concurrent.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:624)",
	"java.lang.Thread.run(Thread.java:750)",
}

// consumerFrames is what a Kafka listener runs through.
var consumerFrames = []string{
	"org.springframework.messaging.handler.invocation.InvocableHandlerMethod.invoke(InvocableHandlerMethod.java:120)",
	"org.springframework.kafka.listener.adapter.HandlerAdapter.invoke(HandlerAdapter.java:56)",
	"org.springframework.kafka.listener.adapter.RecordMessagingMessageListenerAdapter.onMessage(RecordMessagingMessageListenerAdapter.java:92)",
	"org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.doInvokeOnMessage(KafkaMessageListenerContainer.java:2323)",
	"org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.doInvokeRecordListener(KafkaMessageListenerContainer.java:2223)",
	"org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.pollAndInvoke(KafkaMessageListenerContainer.java:1225)",
	"org.springframework.kafka.listener.KafkaMessageListenerContainer$ListenerConsumer.run(KafkaMessageListenerContainer.java:1151)",
	"java.util.concurrent.Executors$RunnableAdapter.call(Executors.java:511)",
	"java.util.concurrent.FutureTask.run(FutureTask.java:266)",
	"java.lang.Thread.run(Thread.java:750)",
}
