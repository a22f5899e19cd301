DROP INDEX `stores_instance_id_unique`;--> statement-breakpoint
ALTER TABLE `stores` DROP COLUMN `topology`;--> statement-breakpoint
ALTER TABLE `stores` ADD `name` text DEFAULT 'main' NOT NULL;--> statement-breakpoint
ALTER TABLE `stores` ADD `sites` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `stores_by_name` ON `stores` (`instance_id`,`name`);
