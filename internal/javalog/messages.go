package javalog

// The service's log statements. Packages are long enough that logback shortens
// most of them.

var infos = []scene{
	newScene("INFO", web, "com.demo.cloud.config.server.environment.ConfigService", "Served configuration application={service} profile=prod label=main version={hex7}{hex16} sources=3 in {millis} ms to {ip}"),
	newScene("INFO", web, "com.demo.cloud.config.server.environment.ConfigService", "Refreshing property sources of '{service}', changed keys: [spring.datasource.hikari.maximum-pool-size, order.timeout.seconds, feature.invoice-v2.enabled]"),
	newScene("INFO", web, "com.demo.cloud.order.application.OrderService", "Order {id} created: customer={id} items={small} total={money} CNY channel=app traceId={hex16} took {millis} ms"),
	newScene("INFO", web, "com.demo.cloud.order.application.OrderService", "Order {id} moved from CREATED to PAID, payment={uuid}, operator={user}"),
	newScene("INFO", web, "com.demo.cloud.order.application.OrderService", "Order {id} remark from {user}: {note}"),
	newScene("INFO", web, "com.demo.cloud.order.interfaces.OrderController", "create request: {json}"),
	newScene("INFO", web, "com.demo.cloud.order.interfaces.OrderController", "response 200 for {url} in {millis} ms, body={json}"),
	newScene("INFO", web, "com.demo.cloud.gateway.filter.AccessLogFilter", "{ip} - \"GET {url} HTTP/1.1\" 200 {number} {millis}ms \"Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) AppleWebKit/605.1.15\" requestId={uuid}"),
	newScene("INFO", web, "com.demo.cloud.gateway.filter.AccessLogFilter", "{ip} - \"POST {url} HTTP/1.1\" 201 {number} {millis}ms \"okhttp/4.9.3\" requestId={uuid} upstream={service}"),
	newScene("INFO", web, "com.demo.cloud.gateway.filter.AccessLogFilter", "{ip} - \"GET {url} HTTP/1.1\" 304 0 {millis}ms \"Apache-HttpClient/4.5.13 (Java/1.8.0_322)\" requestId={uuid} upstream={service}"),
	newScene("INFO", web, "com.demo.cloud.user.security.LoginSuccessHandler", "User '{user}' (id={id}) signed in from {ip}, session={uuid}, previous sign-in at {clock}"),
	newScene("INFO", web, "com.demo.cloud.common.web.RequestTimingAspect", "OrderController.detail(..) args=[{id}, {json}] took {millis} ms"),
	newScene("INFO", web, "com.demo.cloud.payment.channel.PaymentGatewayClient", "POST https://pay.example.com/gateway/v3{url} -> 200 in {millis} ms, sign={hex16}{hex16}, response={json}"),
	newScene("INFO", async, "com.demo.cloud.notify.sms.SmsSender", "Message {uuid} accepted by the provider for {user}: {note}"),
	newScene("INFO", async, "com.demo.cloud.inventory.domain.StockReservation", "Reserved {small} of SKU-{number} in warehouse WH-{small} for order {id}, {number} left"),
	newScene("INFO", workers, "com.demo.cloud.report.export.ExcelExporter", "Export {uuid} finished: {number} rows, {number} KiB, {millis} ms, requested by {user}"),
	newScene("INFO", workers, "com.demo.cloud.common.cache.RedisCacheWarmer", "Warmed {number} keys with prefix order:detail:* from {ip}:6379 in {millis} ms, hit rate {small}.{small} %"),
	newScene("INFO", consumer, "com.demo.cloud.payment.messaging.PaymentEventListener", "Consumed payment-events-{small}@{number} key={id} value={json}"),
	newScene("INFO", consumer, "org.apache.kafka.clients.consumer.internals.ConsumerCoordinator", "[Consumer clientId=consumer-orders-{small}, groupId=orders] Committed offset {number} for partition payment-events-{small}"),
	newScene("INFO", scheduler, "com.demo.cloud.order.job.OrderTimeoutJob", "Scanned {number} unpaid orders, closed {small}, next run at {clock}, took {millis} ms"),
	newScene("INFO", scheduler, "com.demo.cloud.order.job.ReconciliationJob", "Reconciled {number} payments with {service}: {small} differences, total {money} CNY, batch {uuid}"),
	newScene("INFO", discovery, "com.netflix.discovery.DiscoveryClient", "DiscoveryClient_ORDERS/{ip}:orders:9090 - registration status: 204"),
	newScene("INFO", discovery, "com.netflix.discovery.DiscoveryClient", "The response status is 200, applied delta of {small} instances, reconcile hashcode UP_{number}_"),
}

var debugs = []scene{
	newScene("DEBUG", web, "com.demo.cloud.order.infrastructure.mapper.OrderMapper.selectByCondition", "==>  Preparing: {sql}"),
	newScene("DEBUG", web, "com.demo.cloud.order.infrastructure.mapper.OrderMapper.selectByCondition", "==> Parameters: {id}(Long), PAID(String), 2026-03-01 {clock}.0(Timestamp), {small}(Integer)"),
	newScene("DEBUG", web, "com.demo.cloud.order.infrastructure.mapper.OrderMapper.selectByCondition", "<==      Total: {small}"),
	newScene("DEBUG", web, "org.springframework.web.servlet.DispatcherServlet", "GET \"{url}\", parameters={masked}, headers={masked} in DispatcherServlet 'dispatcherServlet'"),
	newScene("DEBUG", web, "org.springframework.jdbc.datasource.DataSourceTransactionManager", "Acquired Connection [HikariProxyConnection@{number} wrapping com.mysql.cj.jdbc.ConnectionImpl@{hex7}] for JDBC transaction"),
	newScene("DEBUG", web, "com.demo.cloud.payment.channel.PaymentGatewayClient", "[PaymentGatewayClient#query] <--- HTTP/1.1 200 OK ({millis}ms) {json}"),
	newScene("DEBUG", hikari, "com.zaxxer.hikari.pool.HikariPool", "HikariPool-1 - Pool stats (total=20, active={small}, idle={small}, waiting=0)"),
	newScene("DEBUG", async, "org.springframework.data.redis.core.RedisConnectionUtils", "Closing Redis Connection to {ip}:6379 after {millis} ms, key=session:{uuid}"),
}

var warnings = []scene{
	newScene("WARN", web, "com.demo.cloud.common.web.SlowRequestInterceptor", "Slow request {url}: {number} ms, limit 1000 ms, thread state RUNNABLE, traceId={hex16}, user={user}"),
	newScene("WARN", web, "com.demo.cloud.user.security.LoginFailureHandler", "Sign-in of '{user}' from {ip} refused: bad credentials, attempt {small}"),
	newScene("WARN", web, "org.springframework.web.servlet.mvc.support.DefaultHandlerExceptionResolver", "Resolved [org.springframework.web.HttpRequestMethodNotSupportedException: Request method 'PUT' not supported] for {url}"),
	newScene("WARN", web, "com.demo.cloud.order.application.OrderService", "Coupon {hex16} of order {id} is expired since {clock}, ignored. {note}"),
	newScene("WARN", workers, "com.netflix.loadbalancer.RoundRobinRule", "No up servers available from load balancer: DynamicServerListLoadBalancer:{NFLoadBalancer:name={service},current list of Servers=[{ip}:9090, {ip}:9090]}"),
	newScene("WARN", workers, "com.demo.cloud.payment.channel.PaymentGatewayClient", "Retry {small} of query for payment {uuid} at {service} after {number} ms: Read timed out"),
	newScene("WARN", hikari, "com.zaxxer.hikari.pool.PoolBase", "HikariPool-1 - Failed to validate connection com.mysql.cj.jdbc.ConnectionImpl@{hex7} (No operations allowed after connection closed.). Possibly consider using a shorter maxLifetime value."),
	newScene("WARN", consumer, "org.apache.kafka.clients.NetworkClient", "[Consumer clientId=consumer-orders-{small}, groupId=orders] Connection to node {small} ({ip}/{ip}:9092) could not be established. Broker may not be available."),
}

var failures = []scene{
	newScene("ERROR", web, "org.apache.catalina.core.ContainerBase.[Tomcat].[localhost].[/].[dispatcherServlet]", "Servlet.service() for servlet [dispatcherServlet] in context with path [] threw exception [Request processing failed] with root cause"),
	newScene("ERROR", web, "com.demo.cloud.common.web.GlobalExceptionHandler", "Unhandled failure of {url}, traceId={hex16}, user={user}, body={json}"),
	newScene("ERROR", web, "com.demo.cloud.order.application.OrderService", "Order {id} could not be placed for customer {user}: {note}"),
	newScene("ERROR", async, "com.demo.cloud.inventory.domain.StockReservation", "Reservation of SKU-{number} for order {id} failed after {millis} ms, releasing"),
	newScene("ERROR", workers, "com.demo.cloud.payment.channel.PaymentGatewayClient", "Payment {uuid} of order {id} is in doubt, {money} CNY, channel answered {json}"),
	newScene("ERROR", consumer, "com.demo.cloud.payment.messaging.PaymentEventListener", "Message payment-events-{small}@{number} failed, sent to payment-events.DLT: {json}"),
	newScene("ERROR", scheduler, "org.springframework.scheduling.support.TaskUtils$LoggingErrorHandler", "Unexpected error occurred in scheduled task"),
}

var services = []string{
	"config-server", "order-service", "payment-service", "user-service", "inventory-service",
	"gateway", "notify-service", "report-service", "promotion-service", "search-service",
}

var users = []string{
	"alice", "bob.miller", "wangwei", "admin", "j.smith", "svc-batch", "maria.rossi", "tanaka",
	"张伟", "李娜", "王秀英", "Jörg Müller", "Zoë Brontë", "José Álvarez", "Łukasz Wójcik", "Анна Иванова", "佐藤さくら",
}

var notes = []string{
	"please deliver after 18:00, ring twice", "gift, no invoice in the parcel",
	"the customer called, address corrected", "second attempt, card was declined",
	"请尽快发货，谢谢", "收货地址：上海市浦东新区世纪大道100号", "库存不足，已通知采购", "余额不足，请充值后重试",
	"Lieferung bitte an den Empfang, danke für die Mühe", "à livrer après 18 h, code d’entrée 4711",
	"配達は午前中にお願いします", "спасибо, всё пришло вовремя", "great service 👍 will order again",
}

var urls = compileAll(
	"/api/v1/orders/{id}",
	"/api/v1/orders?customer={id}&status=PAID&page={small}&size=20",
	"/api/v1/users/{id}/addresses",
	"/api/v2/payments/{uuid}/status",
	"/{service}/prod/main",
	"/actuator/health",
	"/api/v1/search?q=%E6%89%8B%E6%9C%BA&sort=price,asc&page={small}",
	"/internal/inventory/skus/SKU-{number}/reservations",
)

var objects = compileAll(
	`{"orderId":"{id}","status":"PAID","amount":{money},"currency":"CNY"}`,
	`{"orderId":"{id}","customer":{"id":{id},"name":"{user}"},"items":[{"sku":"SKU-{number}","qty":{small},"price":{money}},{"sku":"SKU-{number}","qty":{small},"price":{money}}],"remark":"{note}"}`,
	`{"code":0,"message":"success","data":{"id":"{uuid}","elapsed":{millis}}}`,
	`{"code":50012,"message":"{note}","traceId":"{hex16}","path":"{url}"}`,
	`{"eventId":"{uuid}","type":"PAYMENT_SUCCEEDED","source":"{service}","payload":{"payment":"{uuid}","order":"{id}","paid":{money},"at":"2026-03-01T{clock}.{number}+08:00"}}`,
	`{"host":"{ip}","ready":true,"version":"1.{small}.{small}"}`,
)

var statements = compileAll(
	"SELECT id, order_no, customer_id, status, amount, currency, created_at, updated_at FROM t_order WHERE customer_id = ? AND status = ? AND created_at >= ? ORDER BY id DESC LIMIT ?",
	"UPDATE t_order SET status = ?, paid_at = ?, version = version + 1 WHERE id = ? AND version = {small}",
	"INSERT INTO t_order_item_{small} ( order_id, sku, quantity, price, created_at ) VALUES ( ?, ?, ?, ?, ? )",
	"SELECT COUNT(1) FROM t_payment p LEFT JOIN t_order o ON o.id = p.order_id WHERE p.channel = ? AND o.status IN ( ? , ? , ? )",
)
